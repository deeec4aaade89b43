/** What loads OpenTelemetry. Only ever imported when calls are traced. */
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { CompositePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { B3Propagator } from "@opentelemetry/propagator-b3";
import { defaultResource, type Resource, resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type ReadableSpan,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { Log } from "../observe/log.ts";
import { version } from "../version.ts";
import { createExporter } from "./exporter.ts";
import { Spans } from "./spans.ts";
import { tracedJson, tracedJsonWriter } from "./traced-json.ts";
import { tracedMethods } from "./traced-methods.ts";
import { tracedService } from "./traced-service.ts";
import { type StoreKind, tracedStore } from "./traced-store.ts";
import type { Tracing } from "./tracing.ts";
import type { TracingSettings } from "./tracing-settings.ts";
import { WatchedExporter } from "./watched-exporter.ts";

export interface TracingParts {
  readonly log: Log;
  readonly store: StoreKind;
}

/** Spans wait so long for a receiver that answers, even when calls have used up the time to stop. */
const flushMsMin = 1_000;

export async function startTracing(
  settings: TracingSettings,
  { log, store }: TracingParts,
): Promise<Tracing> {
  const exporter = new WatchedExporter(
    await createExporter(settings.exporter),
    settings.exporter.url,
    log,
  );
  const processor = new CountingProcessor(exporter, settings.queue);
  const provider = new TracerProvider({
    resource: resourceOf(settings),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(settings.samplingRate) }),
    spanProcessors: [processor],
  });
  const spans = new Spans(
    provider.getTracer("velocitygate", version),
    // As in the reference, B3 wins when a caller sends both.
    new CompositePropagator({
      propagators: [new W3CTraceContextPropagator(), new B3Propagator()],
    }),
  );
  let closing: Promise<void> | undefined;
  return {
    traceMethods: (methods) => tracedMethods(methods, spans),
    traceService: (service) => tracedService(service, spans),
    traceStore: (counters) => tracedStore(counters, store, spans),
    traceJson: (handler) => tracedJson(handler, spans),
    traceJsonWriter: (write) => tracedJsonWriter(write, spans),
    counts: {
      get ended() {
        return processor.ended;
      },
      get sent() {
        return exporter.sent;
      },
    },
    close(graceMs) {
      closing ??= Promise.race([
        // The exporter has told of what it could not send.
        provider.shutdown().catch(() => undefined),
        delay(Math.max(flushMsMin, graceMs), undefined, { ref: false }),
      ]);
      return closing;
    },
  };
}

function resourceOf(settings: TracingSettings): Resource {
  const { serviceNamespace: namespace } = settings;
  return defaultResource().merge(
    resourceFromAttributes({
      ...Object.fromEntries(settings.attributes),
      "service.name": settings.serviceName,
      ...(namespace === "" ? {} : { "service.namespace": namespace }),
      "service.instance.id": settings.serviceInstanceId || randomUUID(),
      "service.version": version,
    }),
  );
}

/** OpenTelemetry's bounded queue, counting what comes to it. */
class CountingProcessor extends BatchSpanProcessor {
  ended = 0;

  constructor(exporter: SpanExporter, queue: TracingSettings["queue"]) {
    super({
      exporter,
      maxQueueSize: queue.spansMax,
      maxExportBatchSize: queue.batchSpansMax,
      scheduledDelayMillis: queue.delayMsMax,
      exportTimeoutMillis: queue.exportTimeoutMs,
    });
  }

  override onEnd(span: ReadableSpan): void {
    this.ended += 1;
    super.onEnd(span);
  }
}
