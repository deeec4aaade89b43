/**
 * The value syntaxes of the reference's environment, which are those of Go's `strconv`, `time` and of `envconfig`. Every function
 * answers `undefined` for a text that is not accepted.
 */

const truths = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const falsehoods = new Set(["0", "f", "F", "FALSE", "false", "False"]);

/** `strconv.ParseBool` */
export function parseBoolean(text: string): boolean | undefined {
  if (truths.has(text)) return true;
  return falsehoods.has(text) ? false : undefined;
}

const integerSyntaxes: readonly { readonly syntax: RegExp; readonly prefix: string }[] = [
  { syntax: /^(?:0|[1-9](?:_?[0-9])*)$/, prefix: "" },
  { syntax: /^0[xX](?:_?[0-9a-fA-F])+$/, prefix: "0x" },
  { syntax: /^0[bB](?:_?[01])+$/, prefix: "0b" },
  { syntax: /^0[oO](?:_?[0-7])+$/, prefix: "0o" },
  { syntax: /^0(?:_?[0-7])+$/, prefix: "0o" },
];

/** `strconv.ParseInt` with base 0: `10`, `-3`, `0x10`, `0b101`, `0o17`, `017`, `1_000`. Exact integers of JavaScript only. */
export function parseInteger(text: string): number | undefined {
  const sign = text.startsWith("-") ? -1 : 1;
  const digits = text.replace(/^[+-]/, "");
  const found = integerSyntaxes.find(({ syntax }) => syntax.test(digits));
  if (found === undefined) return undefined;
  const bare = digits.replaceAll("_", "").replace(/^0[xXbBoO]/, "");
  const value = sign * Number(found.prefix + bare);
  // `+ 0` turns -0 into 0.
  return Number.isSafeInteger(value) ? value + 0 : undefined;
}

/** `strconv.ParseFloat` of decimal numbers. Infinities, NaN and hexadecimal floats are not accepted: no setting has a use for them. */
export function parseNumber(text: string): number | undefined {
  if (!/^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

const unitMs: ReadonlyMap<string, number> = new Map([
  ["ns", 1e-6],
  ["us", 1e-3],
  // The micro sign and the Greek letter mu.
  ["\u00b5s", 1e-3],
  ["\u03bcs", 1e-3],
  ["ms", 1],
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/** Go counts a duration in nanoseconds of an int64: about 292 years. */
const durationMsMax = 2 ** 63 / 1e6;

/** `time.ParseDuration`, in milliseconds: `10s`, `1h2m3.5s`, `150us`, `-1.5h`, `0`; a number without a unit is refused. */
export function parseDurationMs(text: string): number | undefined {
  const sign = text.startsWith("-") ? -1 : 1;
  const unsigned = text.replace(/^[+-]/, "");
  if (unsigned === "0") return 0;
  if (!/^(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)[^0-9.]+)+$/.test(unsigned)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of unsigned.matchAll(/([0-9.]+)([^0-9.]+)/g)) {
    const factor = unitMs.get(unit ?? "");
    if (factor === undefined) return undefined;
    totalMs += Number(amount) * factor;
  }
  return totalMs < durationMsMax ? sign * totalMs + 0 : undefined;
}

/** A comma list, its items as written; nothing but white space is an empty list. */
export function parseList(text: string): readonly string[] {
  return text.trim() === "" ? [] : text.split(",");
}

/** `key:value,key:value`; each item has exactly one colon, and the last of equal keys wins. */
export function parseMap(text: string): ReadonlyMap<string, string> | undefined {
  const map = new Map<string, string>();
  for (const item of parseList(text)) {
    const [key, value, ...more] = item.split(":");
    if (key === undefined || value === undefined || more.length > 0) return undefined;
    map.set(key, value);
  }
  return map;
}

/** `key=value,key=value` as OpenTelemetry writes headers and attributes: values are percent-encoded, spaces around them do not count. */
export function parsePairs(text: string): ReadonlyMap<string, string> | undefined {
  const map = new Map<string, string>();
  for (const item of text.split(",")) {
    if (item.trim() === "") continue;
    const at = item.indexOf("=");
    const key = item.slice(0, Math.max(0, at)).trim();
    const value = decoded(item.slice(at + 1).trim());
    if (key === "" || value === undefined) return undefined;
    map.set(key, value);
  }
  return map;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
