/** RFC 9113 §5.2 and §6.9: how much may be received, and how much sent. */

import { ConnectionError, ErrorCode } from "./error-codes.ts";

/** §6.9.1: a window that would grow beyond this is an error. */
export const windowBytesMax = 2_147_483_647;

/** SETTINGS_INITIAL_WINDOW_SIZE as it is before any setting; this server leaves it there for what it receives. */
export const defaultWindowBytes = 65_535;

/**
 * What a peer may still send, on a connection or on a stream. Messages are handled as they arrive, so every byte is given back; in
 * portions of half a window, so that small calls cost no WINDOW_UPDATE of their own.
 */
export class ReceiveWindow {
  readonly #bytesMax: number;
  #taken: number = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Takes the whole payload of a DATA frame, padding included; `false`: the peer sent more than it was allowed. */
  take(bytes: number): boolean {
    this.#taken += bytes;
    return this.#taken <= this.#bytesMax;
  }

  /** The increment to announce now; 0: none yet. */
  giveBack(): number {
    if (this.#taken * 2 < this.#bytesMax) return 0;
    const increment = this.#taken;
    this.#taken = 0;
    return increment;
  }
}

/** What we may still send on the connection as a whole. A stream's own window is `Stream.sendWindow`. */
export class SendWindow {
  bytes = defaultWindowBytes;

  /** @throws ConnectionError when the window grows too large */
  grow(increment: number): void {
    this.bytes += increment;
    if (this.bytes > windowBytesMax) {
      throw new ConnectionError(
        ErrorCode.FLOW_CONTROL_ERROR,
        "connection window is above 2147483647",
      );
    }
  }
}
