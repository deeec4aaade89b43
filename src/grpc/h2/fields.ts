/**
 * RFC 9113 §8.2 (field names and values) and the names of §8.3.1. A field is judged once, when it is decoded; the dynamic table keeps
 * it with that judgement, so a request of known fields costs a look at one number for each.
 */

export const FieldKind = {
  /** Not allowed in a request (§8.2.1, §8.2.2, §8.3): the request is malformed. */
  MALFORMED: 0,
  METHOD: 1,
  SCHEME: 2,
  AUTHORITY: 3,
  PATH: 4,
  /** From here on regular fields, which follow the pseudo-header fields. */
  REGULAR: 5,
  CONTENT_LENGTH: 6,
  GRPC_TIMEOUT: 7,
  GRPC_ENCODING: 8,
  /** `content-type` of gRPC. */
  GRPC_CONTENT_TYPE: 9,
  /** A regular field that is the transport's own: `Call.header` does not show it. */
  TRANSPORT: 10,
} as const;
export type FieldKind = (typeof FieldKind)[keyof typeof FieldKind];

export class Field {
  readonly name: string;
  /** Each octet is one character (ISO 8859-1): nothing is lost, whatever the peer sends. */
  readonly value: string;
  readonly kind: FieldKind;
  /** What the name alone says. */
  readonly #nameKind: FieldKind;

  constructor(name: string, value: string, nameKind: FieldKind = judgeName(name)) {
    this.name = name;
    this.value = value;
    this.#nameKind = nameKind;
    this.kind = judge(nameKind, name, value);
  }

  /** The field of this name with another value. */
  with(value: string): Field {
    return new Field(this.name, value, this.#nameKind);
  }

  /** RFC 7541 §4.1. */
  get size(): number {
    return this.name.length + this.value.length + 32;
  }
}

const kinds: ReadonlyMap<string, FieldKind> = new Map([
  [":method", FieldKind.METHOD],
  [":scheme", FieldKind.SCHEME],
  [":authority", FieldKind.AUTHORITY],
  [":path", FieldKind.PATH],
  ["content-type", FieldKind.GRPC_CONTENT_TYPE],
  ["content-length", FieldKind.CONTENT_LENGTH],
  ["grpc-timeout", FieldKind.GRPC_TIMEOUT],
  ["grpc-encoding", FieldKind.GRPC_ENCODING],
  ["grpc-accept-encoding", FieldKind.TRANSPORT],
  ["accept-encoding", FieldKind.TRANSPORT],
  ["te", FieldKind.TRANSPORT],
  // §8.2.2: fields of one connection, which HTTP/2 has no use for.
  ["connection", FieldKind.MALFORMED],
  ["keep-alive", FieldKind.MALFORMED],
  ["proxy-connection", FieldKind.MALFORMED],
  ["transfer-encoding", FieldKind.MALFORMED],
  ["upgrade", FieldKind.MALFORMED],
]);

function judgeName(name: string): FieldKind {
  return kinds.get(name) ?? (isName(name) ? FieldKind.REGULAR : FieldKind.MALFORMED);
}

function judge(nameKind: FieldKind, name: string, value: string): FieldKind {
  if (!isValue(value)) return FieldKind.MALFORMED;
  if (nameKind === FieldKind.GRPC_CONTENT_TYPE && !isGrpc(value)) return FieldKind.TRANSPORT;
  if (nameKind === FieldKind.TRANSPORT && name === "te" && value !== "trailers") {
    return FieldKind.MALFORMED;
  }
  return nameKind;
}

/** `application/grpc`, alone or with `+` and the message format, or with parameters; not `application/grpc-web`. */
function isGrpc(contentType: string): boolean {
  const type = contentType.toLowerCase();
  if (!type.startsWith("application/grpc")) return false;
  const next = type.charAt("application/grpc".length);
  return next === "" || next === "+" || next === ";";
}

/** §8.2.1: no upper case, no control character, no space, no colon; so no pseudo-header field but those in `kinds` either. */
function isName(name: string): boolean {
  for (let at = 0; at < name.length; at += 1) {
    const char = name.charCodeAt(at);
    if (char <= 0x20 || char >= 0x7f || (char >= 0x41 && char <= 0x5a) || char === 0x3a) {
      return false;
    }
  }
  return name.length > 0;
}

/** §8.2.1: no NUL, line feed or carriage return, and no space or tab at either end. */
function isValue(value: string): boolean {
  for (let at = 0; at < value.length; at += 1) {
    const char = value.charCodeAt(at);
    if (char <= 0x0d && (char === 0 || char === 0x0a || char === 0x0d)) return false;
  }
  return !(isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(value.length - 1)));
}

function isBlank(char: number): boolean {
  return char === 0x20 || char === 0x09;
}
