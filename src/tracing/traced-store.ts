import { type Attributes, SpanKind } from "@opentelemetry/api";
import type { CounterStore } from "../counters/store.ts";
import type { Increment } from "../decision/increment.ts";
import { endWith, type Spans } from "./spans.ts";

/** What the counters are kept in. */
export interface StoreKind {
  readonly backend: "redis" | "memcache" | "memory";
  /** Counters of a second have a Redis of their own. */
  readonly hasPerSecond: boolean;
}

/** The same store, each wait for it with the span that the reference gives it. */
export function tracedStore(store: CounterStore, kind: StoreKind, spans: Spans): CounterStore {
  const { name, span: spanKind, attributes } = describe(kind);
  /** Of `increments`, which `count` counts. */
  const traced = <Result>(increments: readonly Increment[], count: () => Promise<Result>) => {
    const span = spans.startWithin(name, spanKind, () => attributes(increments));
    const result = count();
    return span === undefined ? result : endWith(span, result);
  };
  return {
    incrementAll: (increments, deadlineMs) =>
      traced(increments, () => store.incrementAll(increments, deadlineMs)),
    admitAll: (admissions, deadlineMs) =>
      traced(admissions, () => store.admitAll(admissions, deadlineMs)),
    close: () => store.close(),
  };
}

interface Description {
  readonly name: string;
  readonly span: SpanKind;
  readonly attributes: (increments: readonly Increment[]) => Attributes;
}

/** By the reference's names; it has no store in memory. */
function describe({ backend, hasPerSecond }: StoreKind): Description {
  switch (backend) {
    case "redis":
      return {
        name: "Redis Pipeline Execution",
        span: SpanKind.CLIENT,
        attributes(increments) {
          const perSecond = hasPerSecond ? increments.filter((one) => one.perSecond).length : 0;
          return {
            "db.system.name": "redis",
            "pipeline length": increments.length - perSecond,
            "perSecondPipeline length": perSecond,
          };
        },
      };
    case "memcache":
      return {
        name: "Memcached Fetch Execution",
        span: SpanKind.CLIENT,
        attributes: ({ length }) => ({ "db.system.name": "memcached", "keysToGet length": length }),
      };
    case "memory":
      return {
        name: "Memory Execution",
        span: SpanKind.INTERNAL,
        attributes: ({ length }) => ({ "increments length": length }),
      };
  }
}
