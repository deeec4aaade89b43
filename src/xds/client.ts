import type { Timers } from "../clock.ts";
import type { RuleDocuments, RuleHolder, RuleSet } from "../limits/rule-set.ts";
import type { Log } from "../observe/log.ts";
import { Backoff } from "./backoff.ts";
import { ConnectionLog } from "./connection-log.ts";
import { RefusalPause } from "./refusal-pause.ts";
import {
  type MethodPath,
  methods,
  type OpenStream,
  type Stream,
  type StreamEnd,
} from "./stream.ts";
import { type Outcome, Subscription, type SubscriptionOptions } from "./subscription.ts";
import { UpdateLog } from "./update-log.ts";
import type { BackoffSettings } from "./xds-settings.ts";

export interface XdsClientOptions extends SubscriptionOptions {
  readonly open: OpenStream;
  readonly backoff: BackoffSettings;
  /** What the log calls the server. */
  readonly server: string;
  readonly timers: Timers;
  /** At least 0 and below 1. */
  readonly random: () => number;
  readonly log: Log;
  /** The callbacks must not throw. This one: rules are in force. */
  readonly onLoaded: (rules: RuleSet, isChanged: boolean, documents: RuleDocuments) => void;
  /** An update was refused; what was in force stays. */
  readonly onRefused: () => void;
}

/** Without a connection after this long, an attempt has failed. */
const connectTimeoutMs = 20_000;

/** A stream that lasted this long was well: what ended it has nothing to do with the failures before. */
const stableAfterMs = 5_000;

/** Keeps a stream to the xDS server, whatever becomes of each, and the rules that came last. */
export class XdsClient implements RuleHolder {
  /** Streams that had a connection. */
  connections = 0;
  readonly #options: XdsClientOptions;
  readonly #subscription: Subscription;
  readonly #backoff: Backoff;
  readonly #refusalPause = new RefusalPause();
  readonly #connectionLog: ConnectionLog;
  readonly #updateLog: UpdateLog;
  #method: MethodPath = methods.aggregated;
  #stream: Stream | undefined;
  /** When the stream got its connection; `undefined`: it has none. */
  #connectedMs: number | undefined;
  /** Call off what is to happen later to this stream, or the next attempt. */
  readonly #pending = new Set<() => void>();
  #cancelReply: (() => void) | undefined;
  #isClosed: boolean = false;

  constructor(options: XdsClientOptions) {
    this.#options = options;
    this.#subscription = new Subscription(options);
    this.#backoff = new Backoff(options.backoff, options.random);
    this.#connectionLog = new ConnectionLog(options, () => this.current !== undefined);
    this.#updateLog = new UpdateLog(options);
  }

  get current(): RuleSet | undefined {
    return this.#subscription.current;
  }

  get isConnected(): boolean {
    return this.#connectedMs !== undefined;
  }

  /** Opens a stream now, in the place of the one that there may be, and asks anew. What is in force stays meanwhile. */
  restart(): void {
    if (this.#isClosed) return;
    this.#drop();
    this.#backoff.reset();
    this.#open();
  }

  close(): void {
    this.#isClosed = true;
    this.#drop();
  }

  #open(): void {
    const { open } = this.#options;
    const stream = open(this.#method, {
      onConnected: () => this.#stream === stream && this.#onConnected(),
      onMessage: (message) => this.#stream === stream && this.#onMessage(message),
      onEnd: (end) => this.#stream === stream && this.#onEnd(end),
    });
    this.#stream = stream;
    stream.send(this.#subscription.begin());
    this.#later(connectTimeoutMs, () => {
      if (this.#connectedMs !== undefined) return;
      const reason = `no connection within ${connectTimeoutMs / 1000} s`;
      this.#onEnd({ reason, isUnimplemented: false });
    });
  }

  #onConnected(): void {
    this.connections += 1;
    this.#connectedMs = this.#options.timers.nowMs();
    this.#connectionLog.connected();
    this.#later(stableAfterMs, () => this.#backoff.reset());
    this.#later(this.#connectionLog.silenceMs, () => this.#connectionLog.silent());
  }

  #onMessage(message: Buffer): void {
    const outcome = this.#subscription.receive(message);
    this.#updateLog.add(outcome, this.current !== undefined);
    switch (outcome.kind) {
      case "accepted":
        this.#accept(outcome);
        break;
      case "refused":
        this.#options.onRefused();
        this.#reply(outcome, this.#refusalPause.refused(this.#options.timers.nowMs()));
        break;
      case "foreign":
        break;
      case "unreadable":
        this.#onEnd({
          reason: `a response cannot be read: ${outcome.reason}`,
          isUnimplemented: false,
        });
        break;
    }
  }

  #accept(outcome: Outcome & { kind: "accepted" }): void {
    const { rules, isChanged, resources } = outcome;
    this.#refusalPause.accepted();
    this.#options.onLoaded(rules, isChanged, { kind: "resources", resources });
    // Only now, so that whoever hears of it finds the rules in force.
    this.#reply(outcome, 0);
  }

  /** Answers a response, later if need be. A newer one takes its place. */
  #reply({ reply }: Outcome & { kind: "accepted" | "refused" }, pauseMs: number): void {
    this.#cancelReply?.();
    this.#cancelReply = undefined;
    if (pauseMs === 0) this.#stream?.send(reply);
    else this.#cancelReply = this.#later(pauseMs, () => this.#stream?.send(reply));
  }

  #onEnd({ reason, isUnimplemented }: StreamEnd): void {
    const wasConnected = this.isConnected;
    this.#drop();
    if (isUnimplemented) this.#method = otherThan(this.#method);
    const pauseMs = this.#backoff.next();
    this.#connectionLog.ended(reason, wasConnected);
    this.#later(pauseMs, () => this.#open());
  }

  #drop(): void {
    for (const cancel of this.#pending) cancel();
    this.#pending.clear();
    this.#connectedMs = undefined;
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.close();
  }

  #later(ms: number, run: () => void): () => void {
    const cancel = this.#options.timers.after(ms, () => {
      this.#pending.delete(cancel);
      run();
    });
    this.#pending.add(cancel);
    return () => {
      this.#pending.delete(cancel);
      cancel();
    };
  }
}

function otherThan(method: MethodPath): MethodPath {
  return method === methods.aggregated ? methods.rateLimitConfig : methods.aggregated;
}
