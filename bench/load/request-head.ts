import { staticTable } from "../../src/grpc/h2/hpack-tables.ts";

/** The header fields of a call, those that Envoy 1.40 sends, in its order. */
export function requestFields(
  scheme: "http" | "https",
  timeout: string,
): readonly (readonly [name: string, value: string])[] {
  return [
    [":method", "POST"],
    [":path", "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit"],
    [":authority", "ratelimit"],
    [":scheme", scheme],
    ["te", "trailers"],
    ["grpc-timeout", timeout],
    ["content-type", "application/grpc"],
    ["x-envoy-internal", "true"],
    ["x-forwarded-for", "192.0.2.2"],
    ["x-envoy-expected-rq-timeout-ms", "20"],
  ];
}

/**
 * The header blocks of a connection's calls (RFC 7541): the first puts its fields into the peer's dynamic table, the others name
 * them by their index. A peer without a table gets all fields each time.
 */
export class RequestHeads {
  readonly #first: Buffer;
  readonly #others: Buffer;
  #isFirst: boolean = true;

  constructor(scheme: "http" | "https", timeout: string, peerTableBytes: number) {
    const fields = requestFields(scheme, timeout);
    if (peerTableBytes >= 4096) {
      this.#first = Buffer.concat(fields.map((field) => indexed(field) ?? literal(field, 0x40, 6)));
      this.#others = Buffer.concat(namedByIndex(fields));
    } else {
      const block = fields.map((field) => indexed(field) ?? literal(field, 0x00, 4));
      this.#others = Buffer.concat(block);
      // RFC 7541 §4.2: a smaller table is acknowledged by the first block.
      this.#first = Buffer.concat([Buffer.from([0x20]), this.#others]);
    }
  }

  next(): Buffer {
    if (!this.#isFirst) return this.#others;
    this.#isFirst = false;
    return this.#first;
  }
}

function namedByIndex(fields: ReturnType<typeof requestFields>): Buffer[] {
  const added = fields.filter((field) => indexed(field) === undefined).length;
  let place = 0;
  return fields.map((field) => {
    const known = indexed(field);
    if (known !== undefined) return known;
    place += 1;
    return Buffer.from([0x80 | (staticTable.length + 1 + added - place)]);
  });
}

/** A field that stands in the static table as a whole. */
function indexed([name, value]: readonly [string, string]): Buffer | undefined {
  const at = staticTable.findIndex((known) => known.name === name && known.value === value);
  return at < 0 ? undefined : Buffer.from([0x80 | (at + 1)]);
}

/** Name (by its index where it has one) and value, in plain octets. */
function literal(
  [name, value]: readonly [string, string],
  representation: number,
  prefixBits: number,
): Buffer {
  const at = staticTable.findIndex((known) => known.name === name);
  const index = at + 1;
  if (index >= 2 ** prefixBits - 1) {
    return Buffer.concat([
      Buffer.from([representation | (2 ** prefixBits - 1), index - (2 ** prefixBits - 1)]),
      text(value),
    ]);
  }
  const head = Buffer.from([representation | index]);
  return Buffer.concat(index === 0 ? [head, text(name), text(value)] : [head, text(value)]);
}

function text(value: string): Buffer {
  if (value.length > 126) throw new Error("a header field is too long");
  return Buffer.concat([Buffer.from([value.length]), Buffer.from(value, "latin1")]);
}
