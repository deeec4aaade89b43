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
  CONTENT_TYPE: 6,
  CONTENT_LENGTH: 7,
  GRPC_TIMEOUT: 8,
  GRPC_ENCODING: 9,
  /** A regular field that is the transport's own: `Call.header` does not show it. */
  TRANSPORT: 10,
} as const;
export type FieldKind = (typeof FieldKind)[keyof typeof FieldKind];

export class Field {
  readonly name: string;
  /** Each octet is one character (ISO 8859-1): nothing is lost, whatever the peer sends. */
  readonly value: string;
  readonly kind: FieldKind;

  constructor(name: string, value: string) {
    this.name = name;
    this.value = value;
    this.kind = judge(name, value);
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
  ["content-type", FieldKind.CONTENT_TYPE],
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

function judge(name: string, value: string): FieldKind {
  if (!isValue(value)) return FieldKind.MALFORMED;
  const kind = kinds.get(name);
  if (kind === undefined) return isName(name) ? FieldKind.REGULAR : FieldKind.MALFORMED;
  if (kind === FieldKind.TRANSPORT && name === "te" && value !== "trailers") {
    return FieldKind.MALFORMED;
  }
  return kind;
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
