/**
 * Command lines as Go's `flag` package reads them: `-name value`, `-name=value`, the same with two dashes, no value for a boolean,
 * and an end at the first word that is no flag or at `--`. Usage and complaints are its own, too, since scripts look at them.
 */
import { parseBoolean } from "../../settings/parse.ts";
import { goQuote } from "./go-quote.ts";

export interface GoFlag {
  /** `values` may be given several times. */
  readonly kind: "string" | "boolean" | "values";
  readonly usage: string;
  /** Of a string; empty: none is told. */
  readonly default?: string;
  /** Of `values`: what is wrong with one; `undefined`: nothing. */
  readonly refuse?: (text: string) => string | undefined;
}

export type GoFlags = Readonly<Record<string, GoFlag>>;

/** What was given, by the flag's name; a string's default when it was not. */
export interface GivenFlags {
  readonly strings: ReadonlyMap<string, string>;
  readonly booleans: ReadonlyMap<string, boolean>;
  readonly values: ReadonlyMap<string, readonly string[]>;
}

/** A command line that is not carried out. */
export interface FlagsEnd {
  readonly exitCode: 0 | 2;
  /** For standard error. */
  readonly text: string;
}

class FlagError extends Error {}

export function parseGoFlags(
  program: string,
  flags: GoFlags,
  args: readonly string[],
): GivenFlags | FlagsEnd {
  const given = {
    strings: new Map<string, string>(),
    booleans: new Map<string, boolean>(),
    values: new Map<string, string[]>(),
  };
  for (const [name, { kind, default: usual = "" }] of Object.entries(flags)) {
    if (kind === "string") given.strings.set(name, usual);
    else if (kind === "boolean") given.booleans.set(name, false);
    else given.values.set(name, []);
  }
  const rest = [...args];
  try {
    for (let word = rest[0]; word !== undefined && isFlag(word); word = rest[0]) {
      rest.shift();
      if (word === "--") break;
      const { name, value } = split(word);
      const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
      if (flag === undefined) {
        const isHelp = name === "h" || name === "help";
        if (isHelp) return { exitCode: 0, text: usageOf(program, flags) };
        throw new FlagError(`flag provided but not defined: -${name}`);
      }
      set(given, name, flag, value, rest);
    }
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    return { exitCode: 2, text: `${error.message}\n${usageOf(program, flags)}` };
  }
  return given;
}

function isFlag(word: string): boolean {
  return word.length >= 2 && word.startsWith("-");
}

function split(word: string): { readonly name: string; readonly value: string | undefined } {
  const text = word.replace(/^--?/, "");
  if (/^(?:-|=|$)/.test(text)) throw new FlagError(`bad flag syntax: ${word}`);
  const at = text.indexOf("=");
  return at < 0
    ? { name: text, value: undefined }
    : { name: text.slice(0, at), value: text.slice(at + 1) };
}

function set(
  given: {
    readonly strings: Map<string, string>;
    readonly booleans: Map<string, boolean>;
    readonly values: Map<string, string[]>;
  },
  name: string,
  { kind, refuse }: GoFlag,
  value: string | undefined,
  rest: string[],
): void {
  if (kind === "boolean") {
    const truth = parseBoolean(value ?? "true");
    if (truth !== undefined) given.booleans.set(name, truth);
    else {
      throw new FlagError(
        `invalid boolean value ${goQuote(value ?? "")} for -${name}: parse error`,
      );
    }
    return;
  }
  const text = value ?? rest.shift();
  if (text === undefined) throw new FlagError(`flag needs an argument: -${name}`);
  const reason = refuse?.(text);
  if (reason !== undefined) {
    throw new FlagError(`invalid value ${goQuote(text)} for flag -${name}: ${reason}`);
  }
  if (kind === "string") given.strings.set(name, text);
  else given.values.get(name)?.push(text);
}

const kindNames = { string: " string", boolean: "", values: " value" } as const;

/** In the order of the names. */
function usageOf(program: string, flags: GoFlags): string {
  const lines = namesOf(flags).map((name) => {
    const { kind = "string", usage = "", default: usual = "" } = flags[name] ?? {};
    const told = usual === "" ? "" : ` (default ${goQuote(usual)})`;
    return `  -${name}${kindNames[kind]}\n    \t${usage}${told}\n`;
  });
  return `Usage of ${program}:\n${lines.join("")}`;
}

/** As Go sorts them: by their bytes. */
export function namesOf(flags: GoFlags): readonly string[] {
  return Object.keys(flags).toSorted((one, other) => (one < other ? -1 : 1));
}
