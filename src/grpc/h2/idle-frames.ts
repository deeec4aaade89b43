/**
 * RFC 9113 §10.5: frames that are legitimate each, but work for nothing in numbers (PING, SETTINGS, PRIORITY, RST_STREAM, empty DATA,
 * streams refused, frames of unknown types). A second may have so many of them, and the connection ends with one more.
 */

import { ConnectionError, ErrorCode } from "./error-codes.ts";

export class IdleFrames {
  readonly #perSecondMax: number;
  #count: number = 0;
  #sinceMs: number;

  constructor(perSecondMax: number, nowMs: number) {
    this.#perSecondMax = perSecondMax;
    this.#sinceMs = nowMs;
  }

  /** @throws ConnectionError (ENHANCE_YOUR_CALM) */
  count(nowMs: number): void {
    this.#count += 1;
    if (this.#count <= this.#perSecondMax) return;
    if (nowMs - this.#sinceMs < 1000) {
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, "too many frames of no call");
    }
    this.#count = 1;
    this.#sinceMs = nowMs;
  }
}
