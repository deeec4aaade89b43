import { type Call, Connection } from "./connection.ts";
import { LatencyRecord } from "./latencies.ts";
import { RequestTemplate } from "./request.ts";
import type { LoadSpec } from "./spec.ts";
import { nextUser } from "./users.ts";
import { Verifier } from "./verifier.ts";

/** Envoy's default for the rate limit filter: what takes longer is as good as lost. */
export const lateFromMs = 20;

/** The calls of one run, however they are paced: makes them, checks their answers and measures how long they take. */
export class Calls {
  readonly connections: Connection[] = [];
  readonly latencies = new LatencyRecord(lateFromMs);
  /** Calls made, and those whose answer is there. */
  made = 0;
  answered = 0;
  /** Calls that the server turned away, and those of them that heard it within the deadline. */
  refused = 0;
  refusedInTime = 0;
  /** Fails when an answer is wrong or a connection is lost. */
  readonly failed: Promise<never>;
  readonly #fail: (error: Error) => void;
  readonly #spec: LoadSpec;
  readonly #template: RequestTemplate;
  readonly #verifier: Verifier;
  readonly #nextUser: () => number;

  constructor(spec: LoadSpec) {
    let fail: (error: Error) => void = () => undefined;
    this.failed = new Promise<never>((_, reject) => {
      fail = reject;
    });
    this.failed.catch(() => undefined);
    this.#fail = fail;
    this.#spec = spec;
    this.#template = new RequestTemplate(spec.request);
    this.#verifier = new Verifier(spec);
    this.#nextUser = nextUser(spec.request.users, spec.seed);
  }

  /** Opens connections; `onEnded` hears of each call that ended, and may make the next one with the same object. */
  async open(
    count: number,
    onEnded: (connection: Connection, call: Call, nowMs: number) => void,
  ): Promise<void> {
    const { port, certificate, request } = this.#spec;
    const opening = Array.from({ length: count }, () =>
      Connection.open({
        target: { port, certificate },
        template: this.#template,
        timeout: request.timeout,
        onMessage: (call, answer) => this.#verifier.check(answer, call.user, call.ceiling),
        onEnded: (connection, call, isLate) => {
          const nowMs = performance.now();
          this.answered += 1;
          this.latencies.add(isLate ? Number.POSITIVE_INFINITY : nowMs - call.startMs);
          onEnded(connection, call, nowMs);
        },
        onRefused: this.#spec.mayRefuse
          ? (connection, call) => onEnded(connection, call, this.#refused(call))
          : undefined,
        onError: this.#fail,
      }),
    );
    this.connections.push(...(await Promise.race([Promise.all(opening), this.failed])));
  }

  /** Makes a call for the next user. */
  make(connection: Connection, startMs: number, call: Call = newCall()): void {
    call.user = this.#nextUser();
    call.startMs = startMs;
    call.ceiling = this.#verifier.ceiling(call.user);
    this.made += 1;
    connection.send(call);
  }

  #refused(call: Call): number {
    const nowMs = performance.now();
    this.refused += 1;
    if (nowMs - call.startMs <= lateFromMs) this.refusedInTime += 1;
    return nowMs;
  }

  /** Calls whose end is there, whichever it was. */
  get ended(): number {
    return this.answered + this.refused;
  }

  /** Bytes sent and received so far. */
  bytes(): { readonly sent: number; readonly received: number } {
    const sum = (count: (connection: Connection) => number) =>
      this.connections.reduce((total, connection) => total + count(connection), 0);
    return { sent: sum((one) => one.bytesSent), received: sum((one) => one.bytesReceived) };
  }

  close(): void {
    for (const connection of this.connections) connection.close();
  }
}

function newCall(): Call {
  return { user: 0, startMs: 0, ceiling: 0, hasAnswer: false };
}
