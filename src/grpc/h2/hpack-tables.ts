/** RFC 7541 §2.3 (indexing tables), §4 (dynamic table management) and Appendix A (the static table). */

import { ConnectionError, ErrorCode } from "./error-codes.ts";
import { Field } from "./fields.ts";

/** Appendix A, in order; the first has index 1. */
export const staticTable: readonly Field[] = [
  [":authority", ""],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  [":status", "200"],
  [":status", "204"],
  [":status", "206"],
  [":status", "304"],
  [":status", "400"],
  [":status", "404"],
  [":status", "500"],
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ["accept-language", ""],
  ["accept-ranges", ""],
  ["accept", ""],
  ["access-control-allow-origin", ""],
  ["age", ""],
  ["allow", ""],
  ["authorization", ""],
  ["cache-control", ""],
  ["content-disposition", ""],
  ["content-encoding", ""],
  ["content-language", ""],
  ["content-length", ""],
  ["content-location", ""],
  ["content-range", ""],
  ["content-type", ""],
  ["cookie", ""],
  ["date", ""],
  ["etag", ""],
  ["expect", ""],
  ["expires", ""],
  ["from", ""],
  ["host", ""],
  ["if-match", ""],
  ["if-modified-since", ""],
  ["if-none-match", ""],
  ["if-range", ""],
  ["if-unmodified-since", ""],
  ["last-modified", ""],
  ["link", ""],
  ["location", ""],
  ["max-forwards", ""],
  ["proxy-authenticate", ""],
  ["proxy-authorization", ""],
  ["range", ""],
  ["referer", ""],
  ["refresh", ""],
  ["retry-after", ""],
  ["server", ""],
  ["set-cookie", ""],
  ["strict-transport-security", ""],
  ["transfer-encoding", ""],
  ["user-agent", ""],
  ["vary", ""],
  ["via", ""],
  ["www-authenticate", ""],
].map(([name = "", value = ""]) => new Field(name, value));

/** SETTINGS_HEADER_TABLE_SIZE as it is before any setting, and what this server keeps for what it receives. */
export const defaultTableBytes = 4096;

/** A field takes at least 32 bytes (§4.1), so a table of `defaultTableBytes` never holds more than this; a power of two. */
const slots = defaultTableBytes / 32;

/** The dynamic table of one direction of a connection: a ring whose newest field has index 62 (§2.3.3). */
export class DynamicTable {
  #ring: (Field | undefined)[] | undefined;
  #newest: number = 0;
  #count: number = 0;
  #bytes: number = 0;
  #bytesMax = defaultTableBytes;

  /** The field of an index of §2.3.3; @throws ConnectionError when there is none. */
  at(index: number): Field {
    const field =
      index <= staticTable.length
        ? staticTable[index - 1]
        : index <= staticTable.length + this.#count
          ? this.#ring?.[(this.#newest - (index - staticTable.length - 1)) & (slots - 1)]
          : undefined;
    if (field === undefined) {
      throw new ConnectionError(ErrorCode.COMPRESSION_ERROR, "no header field has this index");
    }
    return field;
  }

  /** §4.4: makes room first; a field larger than the table leaves it empty. */
  add(field: Field): void {
    const size = field.size;
    this.#evict(this.#bytesMax - size);
    if (size > this.#bytesMax) return;
    this.#ring ??= new Array<Field | undefined>(slots).fill(undefined);
    this.#newest = (this.#newest + 1) & (slots - 1);
    this.#ring[this.#newest] = field;
    this.#count += 1;
    this.#bytes += size;
  }

  /** §4.3, §6.3: the peer's encoder uses at most this many bytes from now on. */
  resize(bytesMax: number): void {
    if (bytesMax > defaultTableBytes) {
      throw new ConnectionError(ErrorCode.COMPRESSION_ERROR, "dynamic table size is above 4096");
    }
    this.#bytesMax = bytesMax;
    this.#evict(bytesMax);
  }

  #evict(bytesLeft: number): void {
    while (this.#bytes > bytesLeft && this.#count > 0 && this.#ring !== undefined) {
      const oldest = (this.#newest - this.#count + 1) & (slots - 1);
      this.#bytes -= this.#ring[oldest]?.size ?? 0;
      this.#ring[oldest] = undefined;
      this.#count -= 1;
    }
  }
}
