/**
 * Reads a `RateLimitResponse` as far as it has to be checked. Written for the generator alone, which has to be cheap and must not
 * share a mistake with the server.
 */
export class Answer {
  overallCode = 0;
  statuses = 0;
  /** Statuses whose code is `overallCode`. */
  agreeing = 0;
  /** `limit_remaining` of the first status. */
  remaining = 0;
  /** `requests_per_unit` of the first status's limit. */
  limit = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  /** @throws Error when the bytes are no such message */
  read(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes;
    this.#at = start;
    this.overallCode = 0;
    this.statuses = 0;
    this.agreeing = 0;
    this.remaining = 0;
    this.limit = 0;
    while (this.#at < end) {
      const tag = this.#varint();
      if (tag === 0x08) this.overallCode = this.#varint();
      else if (tag === 0x12) this.#readStatus(this.#varint());
      else this.#skip(tag);
    }
    if (this.#at !== end) throw new Error("the answer ends inside a field");
  }

  #readStatus(length: number): void {
    const end = this.#at + length;
    const isFirst = this.statuses === 0;
    let code = 0;
    while (this.#at < end) {
      const tag = this.#varint();
      if (tag === 0x08) code = this.#varint();
      else if (tag === 0x18) {
        const remaining = this.#varint();
        if (isFirst) this.remaining = remaining;
      } else if (tag === 0x12 && isFirst) this.#readLimit(this.#varint());
      else this.#skip(tag);
    }
    if (this.#at !== end) throw new Error("a status ends inside a field");
    this.statuses += 1;
    if (code === this.overallCode) this.agreeing += 1;
  }

  #readLimit(length: number): void {
    const end = this.#at + length;
    while (this.#at < end) {
      const tag = this.#varint();
      if (tag === 0x08) this.limit = this.#varint();
      else this.#skip(tag);
    }
  }

  #skip(tag: number): void {
    const wireType = tag & 7;
    if (wireType === 0) this.#varint();
    else if (wireType === 1) this.#at += 8;
    else if (wireType === 2) {
      const length = this.#varint();
      this.#at += length;
    } else if (wireType === 5) this.#at += 4;
    else throw new Error(`a field of the answer has wire type ${wireType}`);
  }

  /** Exact up to 2^53. */
  #varint(): number {
    let value = 0;
    let unit = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
      unit *= 0x80;
    }
    throw new Error("an integer of the answer is too long");
  }
}
