import { decodeText } from "../../text.ts";
import { YamlFailure, type YamlNode, type YamlScalar } from "./node.ts";

/**
 * What a scalar means in YAML 1.1 as yaml.v2 reads it: `yes` and `off` are booleans, `0x1F`, `017` and `1_000` integers, dates are
 * strings. Numbers keep their text beside their value, because a string field takes them as they are written.
 */
export type Resolved =
  | { readonly type: "null"; readonly value: undefined }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "int"; readonly value: bigint }
  | { readonly type: "float"; readonly value: number }
  | { readonly type: "string"; readonly value: string; readonly tag: string };

const longPrefix = "tag:yaml.org,2002:";
export const tags = {
  string: `${longPrefix}str`,
  bool: `${longPrefix}bool`,
  int: `${longPrefix}int`,
  float: `${longPrefix}float`,
  null: `${longPrefix}null`,
  timestamp: `${longPrefix}timestamp`,
  binary: `${longPrefix}binary`,
  merge: `${longPrefix}merge`,
} as const;

/** `!!int` for `tag:yaml.org,2002:int`. */
export function shortTag(tag: string): string {
  return tag.startsWith(longPrefix) ? `!!${tag.slice(longPrefix.length)}` : tag;
}

/** The long tag of what was resolved. */
export function tagOf(resolved: Resolved): string {
  return resolved.type === "string" ? resolved.tag : tags[resolved.type];
}

/** @throws YamlFailure when an explicit tag contradicts the text (`!!int abc`). */
export function resolveScalar(scalar: YamlScalar): Resolved {
  const { tag, text } = scalar;
  if (tag === "" && !scalar.isImplicit) return asString(text);
  if (tag === tags.string) return asString(text);
  if (tag === tags.binary) return { type: "string", value: decodeBase64(scalar), tag };
  if (tag !== "" && !resolvable.has(tag)) return { type: "string", value: text, tag };
  const resolved = resolvePlain(text, tag);
  if (tag === "" || tag === tagOf(resolved)) return resolved;
  if (tag === tags.float && resolved.type === "int" && fitsInt64(resolved.value)) {
    return { type: "float", value: Number(resolved.value) };
  }
  throw new YamlFailure(
    `cannot decode ${shortTag(tagOf(resolved))} \`${text}\` as a ${shortTag(tag)}`,
    scalar,
  );
}

export function isNull(node: YamlNode): boolean {
  return node.kind === "scalar" && resolveScalar(node).type === "null";
}

const resolvable: ReadonlySet<string> = new Set([
  tags.bool,
  tags.int,
  tags.float,
  tags.null,
  tags.timestamp,
]);

const words: ReadonlyMap<string, Resolved> = new Map<string, Resolved>([
  ...inCases(["y", "yes", "true", "on"], { type: "bool", value: true }),
  ...inCases(["n", "no", "false", "off"], { type: "bool", value: false }),
  ...inCases(["", "~", "null"], { type: "null", value: undefined }),
  ...inCases([".nan"], { type: "float", value: Number.NaN }),
  ...inCases([".inf", "+.inf"], { type: "float", value: Number.POSITIVE_INFINITY }),
  ...inCases(["-.inf"], { type: "float", value: Number.NEGATIVE_INFINITY }),
]);

/** Each word in lower case, capitalised and in upper case; `.inf` as `.Inf`, but «nan» as `.NaN`. */
function inCases(lower: readonly string[], resolved: Resolved): [string, Resolved][] {
  return lower.flatMap((word) => [
    [word, resolved],
    [word === ".nan" ? ".NaN" : capitalised(word), resolved],
    [word.toUpperCase(), resolved],
  ]);
}

function capitalised(word: string): string {
  const at = word.search(/[a-z]/);
  return at < 0 ? word : word.slice(0, at) + word.charAt(at).toUpperCase() + word.slice(at + 1);
}

function resolvePlain(text: string, tag: string): Resolved {
  const word = words.get(text);
  if (word !== undefined) return word;
  if (text.startsWith(".")) {
    return dotFloatPattern.test(text) ? asFloat(text.replaceAll("_", "")) : asString(text);
  }
  if (!/^[-+0-9]/.test(text)) return asString(text);
  if ((tag === "" || tag === tags.timestamp) && isTimestamp(text)) {
    return { type: "string", value: text, tag: tags.timestamp };
  }
  const plain = text.replaceAll("_", "");
  const int = parseInteger(plain);
  if (int !== undefined) return { type: "int", value: int };
  return floatPattern.test(plain) ? asFloat(plain) : asString(text);
}

const floatPattern = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
/** Behind a leading dot yaml.v2 takes Go's syntax, with underscores between digits. */
const dotFloatPattern = /^\.[0-9]+(_[0-9]+)*([eE][-+]?[0-9]+(_[0-9]+)*)?$/;

function asFloat(text: string): Resolved {
  const value = Number(text);
  return Number.isFinite(value) ? { type: "float", value } : asString(text);
}

function asString(value: string): Resolved {
  return { type: "string", value, tag: tags.string };
}

const int64Max = 2n ** 63n - 1n;
const uint64Max = 2n ** 64n - 1n;

export function fitsInt64(value: bigint): boolean {
  return value >= -int64Max - 1n && value <= int64Max;
}

/** Go's integer syntax: an optional sign, then decimal, or base 2, 8 or 16 by prefix. A leading zero means octal. */
function parseInteger(text: string): bigint | undefined {
  const parts = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/.exec(
    text,
  );
  if (parts === null) return undefined;
  const [, sign = "", hex, binary, octal, decimal = "0"] = parts;
  const digits =
    hex !== undefined
      ? `0x${hex}`
      : binary !== undefined
        ? `0b${binary}`
        : octal !== undefined
          ? `0o${octal}`
          : decimal;
  const magnitude = BigInt(digits);
  const value = sign === "-" ? -magnitude : magnitude;
  // A sign is refused beyond 63 bits, where only the unsigned reading is left.
  return fitsInt64(value) || (sign === "" && value <= uint64Max) ? value : undefined;
}

const datePattern = /^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})$/;
const timePattern =
  /^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:([Tt])| )([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})?$/;

/** Whether an unquoted text is a date: yaml.v2 hands it on as the string it was, so only its tag depends on this. */
function isTimestamp(text: string): boolean {
  const date = datePattern.exec(text);
  if (date !== null) return isDate(Number(date[1]), Number(date[2]), Number(date[3]));
  const time = timePattern.exec(text);
  if (time === null) return false;
  const hasZone = time[8] !== undefined;
  if ((time[4] !== undefined) !== hasZone) return false;
  return (
    isDate(Number(time[1]), Number(time[2]), Number(time[3])) &&
    Number(time[5]) < 24 &&
    Number(time[6]) < 60 &&
    Number(time[7]) < 60
  );
}

function isDate(year: number, month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Bytes that are not UTF-8 become lone surrogates, as in the texts of requests. */
function decodeBase64(scalar: YamlScalar): string {
  const compact = scalar.text.replaceAll(/[\r\n]/g, "");
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(compact)) {
    throw new YamlFailure("!!binary value contains invalid base64 data", scalar);
  }
  return decodeText(Buffer.from(compact, "base64"));
}
