import type { Field } from "../../src/grpc/h2/fields.ts";
import { HeaderDecoder } from "../../src/grpc/h2/hpack.ts";

/** What a header block of an answer says; `undefined` where it has no such field. */
export interface ResponseHead {
  readonly httpStatus: string | undefined;
  readonly grpcStatus: string | undefined;
  readonly grpcMessage: string | undefined;
}

interface KnownBlock {
  readonly bytes: Buffer;
  readonly head: ResponseHead;
}

/** As many different blocks are remembered as a server has ways to answer, and some more. */
const knownMax = 4;
const headBytesMax = 65_536;

/**
 * Decodes the header blocks of a connection. A block that left the dynamic table as it was means the same when it comes again, until
 * another block changes the table; it is then recognised and not decoded.
 */
export class ResponseHeads {
  readonly #decoder = new HeaderDecoder();
  #known: KnownBlock[] = [];
  #generation = 0;

  read(bytes: Buffer, start: number, end: number): ResponseHead {
    for (let i = 0; i < this.#known.length; i++) {
      const known = this.#known[i] as KnownBlock;
      if (isEqual(known.bytes, bytes, start, end)) return known.head;
    }
    const fields: Field[] = [];
    if (!this.#decoder.decode(bytes, start, end, fields, headBytesMax)) {
      throw new Error("the header fields of an answer are too long");
    }
    const head = {
      httpStatus: fieldValue(fields, ":status"),
      grpcStatus: fieldValue(fields, "grpc-status"),
      grpcMessage: fieldValue(fields, "grpc-message"),
    };
    if (this.#decoder.generation !== this.#generation) {
      this.#generation = this.#decoder.generation;
      this.#known = [];
    } else if (this.#known.length < knownMax) {
      this.#known.push({ bytes: Buffer.from(bytes.subarray(start, end)), head });
    }
    return head;
  }
}

function fieldValue(fields: readonly Field[], name: string): string | undefined {
  return fields.find((field) => field.name === name)?.value;
}

function isEqual(known: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}
