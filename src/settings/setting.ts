import {
  parseBoolean,
  parseDurationMs,
  parseInteger,
  parseList,
  parseMap,
  parseNumber,
} from "./parse.ts";

/** One row of the table: an environment name's value, as an operator writes it and as the program gets it. */
export interface Setting<T> {
  readonly type:
    | "text"
    | "boolean"
    | "integer"
    | "number"
    | "duration"
    | "list"
    | "map"
    | "port"
    | "address";
  /** The value that stands for an unset name, in the spelling of the environment. */
  readonly default: string;
  /** One sentence for `docs/configuration.md`. */
  readonly meaning: string;
  /** What is accepted, for the document and for error messages. */
  readonly accepted: string;
  /** `undefined`: not accepted. */
  readonly parse: (text: string) => T | undefined;
  /** The text that the reference gives for a value it refuses, where operators may search for it. */
  readonly refusal?: (text: string) => string;
  /** Never shown: it is, or may hold, a password or a token. */
  readonly isSecret?: true;
  /** The setting of the reference has no effect here yet. */
  readonly later?: Later;
  /**
   * A name of OpenTelemetry's, read only while this boolean is true: otherwise it may be set for somebody else, to whatever that one
   * understands. By its rules an empty value is none.
   */
  readonly onlyWith?: string;
}

/** What happens to a setting whose feature is not there. */
export interface Later {
  /**
   * `refused`: the service does not start, since without the feature it would answer differently or be less safe than asked.
   * `warned`: it starts and says so.
   */
  readonly outcome: "refused" | "warned";
  /** What is missing, as a sentence without its end. */
  readonly text: string;
}

/** What rows are given beside their value. */
export type Extra = Omit<Partial<Setting<never>>, "type" | "default" | "meaning" | "parse">;

/** Any text of at most `bytesMax` bytes, 4,096 unless told, the empty one included. */
export function text(
  value: string,
  meaning: string,
  extra: Extra & { readonly matches?: RegExp; readonly bytesMax?: number } = {},
): Setting<string> {
  const { matches, bytesMax = 4_096, ...rest } = extra;
  return {
    type: "text",
    default: value,
    meaning,
    accepted: `at most ${bytesMax} bytes`,
    parse: (given) =>
      Buffer.byteLength(given) <= bytesMax && (matches?.test(given) ?? true) ? given : undefined,
    ...rest,
  };
}

/** One of a few words. */
export function choice<T extends string>(
  value: T,
  choices: readonly T[],
  meaning: string,
  extra: Extra & { readonly anyCase?: true; readonly orEmpty?: true } = {},
): Setting<T> {
  const { anyCase, orEmpty, ...rest } = extra;
  const fold = (word: string) => (anyCase ? word.toLowerCase() : word);
  return {
    type: "text",
    default: value,
    meaning,
    accepted: choices.join(", ") + (anyCase ? " (in any case)" : ""),
    parse: (given) =>
      orEmpty && given === "" ? value : choices.find((one) => fold(one) === fold(given)),
    ...rest,
  };
}

export function boolean(value: boolean, meaning: string, extra: Extra = {}): Setting<boolean> {
  return {
    type: "boolean",
    default: String(value),
    meaning,
    accepted: "true or false (also 1, t, T, TRUE, True, 0, f, F, FALSE, False)",
    parse: parseBoolean,
    ...extra,
  };
}

/** A whole number within `[min, max]`. */
export function integer(
  value: number,
  [min, max]: readonly [number, number],
  meaning: string,
  extra: Extra = {},
): Setting<number> {
  return {
    type: "integer",
    default: String(value),
    meaning,
    accepted: `a whole number from ${min} to ${max}`,
    parse: (given) => integerWithin(given, min, max),
    ...extra,
  };
}

export function integerWithin(given: string, min: number, max: number): number | undefined {
  return within(parseInteger(given), min, max);
}

export function port(value: number, meaning: string, extra: Extra = {}): Setting<number> {
  return { ...integer(value, [0, 65_535], meaning, extra), type: "port" };
}

export function number(
  value: number,
  [min, max]: readonly [number, number],
  meaning: string,
  extra: Extra = {},
): Setting<number> {
  return {
    type: "number",
    default: String(value),
    meaning,
    accepted: `a number from ${min} to ${max}`,
    parse: (given) => within(parseNumber(given), min, max),
    ...extra,
  };
}

/** A span of time in Go's syntax, read as milliseconds; `range` in the same syntax. */
export function duration(
  value: string,
  [min, max]: readonly [string, string],
  meaning: string,
  extra: Extra = {},
): Setting<number> {
  const minMs = parseDurationMs(min) ?? 0;
  const maxMs = parseDurationMs(max) ?? 0;
  return {
    type: "duration",
    default: value,
    meaning,
    accepted: `a duration from ${min} to ${max}, such as 250ms, 10s or 1m30s`,
    parse: (given) => within(parseDurationMs(given), minMs, maxMs),
    ...extra,
  };
}

/** The same for a bound that need not be: 0, read as infinity, means that there is none. */
export function durationOrNone(
  value: string,
  range: readonly [string, string],
  meaning: string,
): Setting<number> {
  const bound = duration(value, range, meaning);
  return {
    ...bound,
    accepted: `0 for none, or ${bound.accepted}`,
    parse: (given) =>
      parseDurationMs(given) === 0 ? Number.POSITIVE_INFINITY : bound.parse(given),
  };
}

/** Items between commas, taken as written. */
export function list(meaning: string, extra: Extra = {}): Setting<readonly string[]> {
  return {
    type: "list",
    default: "",
    meaning,
    accepted: "items between commas",
    parse: parseList,
    ...extra,
  };
}

/** `key:value` pairs between commas. */
export function map(meaning: string, extra: Extra = {}): Setting<ReadonlyMap<string, string>> {
  return {
    type: "map",
    default: "",
    meaning,
    accepted: "key:value pairs between commas, with one colon in each",
    parse: parseMap,
    ...extra,
  };
}

/** Where a listener binds; the empty host is every address of the machine. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** `host:port`; an IPv6 host stands in brackets, no host means every address, and no text at all the default. */
export function address(value: string, meaning: string): Setting<HostAndPort> {
  return {
    type: "address",
    default: value,
    meaning,
    accepted: "host:port or :port",
    parse: (given) => parseAddress(given === "" ? value : given),
  };
}

function parseAddress(given: string): HostAndPort | undefined {
  const found = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^:[\]\s]*)):([0-9]{1,5})$/.exec(given);
  const portNumber = within(parseInteger(found?.[3] ?? ""), 0, 65_535);
  if (found === null || portNumber === undefined) return undefined;
  return { host: found[1] ?? found[2] ?? "", port: portNumber };
}

function within(value: number | undefined, min: number, max: number): number | undefined {
  return value !== undefined && value >= min && value <= max ? value : undefined;
}

/** A setting that has nothing to act on here, and without which every answer is the same. */
export function warned(text: string): { readonly later: Later } {
  return { later: { outcome: "warned", text } };
}

/** A setting that, while its feature is not there, must not be believed to work. */
export function refused(text: string): { readonly later: Later } {
  return { later: { outcome: "refused", text } };
}
