import { encodeText } from "../../text.ts";

/** Longer lines are left out: receivers cut them off, and then they are nonsense. DogStatsD reads as much at a time. */
export const lineBytesMax = 8_192;

/** Puts lines together to pieces of a bounded size. */
export class Pack {
  readonly #bytesMax: number;
  #lines = "";
  #bytes = 0;

  /** @param bytesMax of a piece; a line alone may be longer */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Takes a line. Answers the piece that was full, if it did not fit in. */
  add(line: string): Buffer | undefined {
    // Never less than what `encodeText` makes of it.
    const bytes = Buffer.byteLength(line) + 1;
    if (bytes > lineBytesMax) return undefined;
    const full = this.#bytes + bytes > this.#bytesMax ? this.take() : undefined;
    this.#lines += `${line}\n`;
    this.#bytes += bytes;
    return full;
  }

  /** What has come together so far; `undefined`: nothing. */
  take(): Buffer | undefined {
    if (this.#lines === "") return undefined;
    const piece = encodeText(this.#lines);
    this.#lines = "";
    this.#bytes = 0;
    return piece;
  }
}
