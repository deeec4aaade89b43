/** RFC 9113 §5.2 and §6.9: how much may be received, and how much sent. */

import { ConnectionError, ErrorCode } from "./error-codes.ts";

/** §6.9.1: a window that would grow beyond this is an error. */
export const windowBytesMax = 2_147_483_647;

/** SETTINGS_INITIAL_WINDOW_SIZE as it is before any setting; this server leaves it there for what it receives. */
export const defaultWindowBytes = 65_535;

/**
 * What a peer may send, on a connection or on a stream. Messages are handled as they arrive, so all of it is given back; but not
 * before half of it is used, so that small calls cost no WINDOW_UPDATE of their own.
 */
export class ReceiveWindow {
  readonly #bytesMax: number;
  #takenBytes: number = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Whether at least half of it is used. */
  get isLow(): boolean {
    return this.#takenBytes * 2 >= this.#bytesMax;
  }

  /** Takes the whole payload of a DATA frame, padding included; `false`: the peer sent more than it was allowed. */
  take(bytes: number): boolean {
    this.#takenBytes += bytes;
    return this.#takenBytes <= this.#bytesMax;
  }

  /** Gives back what was taken; the increment to announce. */
  giveBack(): number {
    const bytes = this.#takenBytes;
    this.#takenBytes = 0;
    return bytes;
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
