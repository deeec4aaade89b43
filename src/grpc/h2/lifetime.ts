/**
 * RFC 9113 §6.8 (GOAWAY and graceful shutdown) and §9.1 (how long a connection lives). A peer that is sent away is first told so with the
 * highest identifier there is, and a PING: what it sends before it has read that is served. Its answer to the PING shows that it has,
 * and the last GOAWAY names the last stream that is served. The connection ends with that stream.
 */

import { sendGoAway, sendPing } from "./control-frames.ts";
import { ConnectionError, ErrorCode } from "./error-codes.ts";
import type { Output } from "./output.ts";
import type { Serving } from "./serving.ts";
import type { Streams } from "./streams.ts";

/** What ends with a connection. */
export interface Endable {
  /** Ends our side behind what has been written. */
  end(): unknown;
  destroy(): unknown;
}

const idMax = 0x7fffffff;
/** A peer that does not answer the PING has had time enough to read the GOAWAY. */
const pingAckMaxMs = 1000;

/** `leaving`: told to begin no more streams. `left`: told which stream is the last. `ended`: nothing is read or written any more. */
type Phase = "open" | "leaving" | "left" | "ended";

export class Lifetime {
  /** The peer has acknowledged our SETTINGS. */
  isGreeted: boolean = false;
  /** The peer has sent a preface. */
  hasPreface: boolean = false;

  readonly #transport: Endable;
  readonly #output: Output;
  readonly #streams: Streams;
  readonly #serving: Serving;
  readonly #startMs: number;
  readonly #ageMaxMs: number;
  #phase: Phase = "open";
  #phaseSinceMs: number;
  /** When the calls of a peer that was sent away are cut. */
  #cutMs: number = Number.POSITIVE_INFINITY;
  /** When there was last known to be a call, and the last stream then. */
  #busyMs: number;
  #busyId: number = 0;

  /** @param ageMaxMs when the connection is too old */
  constructor(
    transport: Endable,
    output: Output,
    streams: Streams,
    serving: Serving,
    startMs: number,
    ageMaxMs: number,
  ) {
    this.#transport = transport;
    this.#output = output;
    this.#streams = streams;
    this.#serving = serving;
    this.#startMs = startMs;
    this.#ageMaxMs = ageMaxMs;
    this.#phaseSinceMs = startMs;
    this.#busyMs = startMs;
  }

  get hasEnded(): boolean {
    return this.#phase === "ended";
  }

  /** Sends the peer away, and serves what it has begun for as long as `graceMs`. */
  leave(nowMs: number, reason: string, graceMs: number): void {
    if (this.#phase !== "open") return;
    this.#enter("leaving", nowMs);
    this.#cutMs = nowMs + graceMs;
    if (this.hasPreface) {
      sendGoAway(this.#output, idMax, ErrorCode.NO_ERROR, reason);
      sendPing(this.#output);
    } else this.#announceLast(nowMs);
  }

  onPingAck(nowMs: number): void {
    if (this.#phase === "leaving") this.#announceLast(nowMs);
  }

  /** The end of a tick: a peer that was sent away and has no calls left is let go. */
  settle(nowMs: number): void {
    if (this.#phase === "left" && this.#streams.table.size === 0) this.#end(nowMs);
  }

  /** §5.4.1: ends the connection because of what the peer did. */
  fail(nowMs: number, { code, message }: ConnectionError): void {
    if (this.hasEnded) return;
    sendGoAway(this.#output, this.#streams.table.lastId, code, message);
    this.#end(nowMs);
  }

  /** Whatever has taken too long; called every now and then. */
  check(nowMs: number): void {
    const { limits } = this.#serving;
    const phaseMs = nowMs - this.#phaseSinceMs;
    if (this.#phase === "open") this.#checkOpen(nowMs);
    else if (this.#phase === "leaving" && phaseMs > pingAckMaxMs) this.#announceLast(nowMs);
    else if (this.#phase === "ended" && phaseMs > limits.closeMaxMs) this.#transport.destroy();
    if (nowMs > this.#cutMs) this.#transport.destroy();
  }

  #checkOpen(nowMs: number): void {
    const { limits, options } = this.#serving;
    const { size, lastId } = this.#streams.table;
    if (size > 0 || lastId !== this.#busyId) {
      this.#busyMs = nowMs;
      this.#busyId = lastId;
    }
    if (!this.isGreeted && nowMs - this.#startMs > limits.handshakeMaxMs) {
      const what = this.hasPreface ? "no SETTINGS ACK" : "no preface";
      this.fail(nowMs, new ConnectionError(ErrorCode.SETTINGS_TIMEOUT, `${what} in time`));
    } else if (nowMs - this.#startMs > this.#ageMaxMs) {
      this.leave(nowMs, "connection is old", options.connectionAgeGraceMs);
    } else if (nowMs - this.#busyMs > limits.connectionIdleMaxMs) {
      this.leave(nowMs, "connection is idle", options.connectionAgeGraceMs);
    }
  }

  #announceLast(nowMs: number): void {
    const { lastId } = this.#streams.table;
    this.#streams.servedTo = lastId;
    sendGoAway(this.#output, lastId, ErrorCode.NO_ERROR, "");
    this.#enter("left", nowMs);
  }

  /** Ends our side. The peer's is waited for a while: to reset the connection at once could take the GOAWAY from it. */
  #end(nowMs: number): void {
    this.#enter("ended", nowMs);
    this.#output.flush();
    this.#transport.end();
    this.#streams.closeAll();
  }

  #enter(phase: Phase, nowMs: number): void {
    this.#phase = phase;
    this.#phaseSinceMs = nowMs;
  }
}
