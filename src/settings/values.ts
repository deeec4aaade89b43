import { nearNames } from "./names.ts";
import { parseBoolean } from "./parse.ts";
import type { Setting } from "./setting.ts";
import { type SettingName, table, type Values } from "./table.ts";

/** `process.env`, or what a test puts in its place. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment, read by the table. */
export interface Reading {
  /** Of every name: as given when it was given rightly, else its default. */
  readonly values: Values;
  /** The names that are set, the empty ones included. */
  readonly given: ReadonlySet<SettingName>;
  /** The names whose value was refused; what depends on them cannot be judged. */
  readonly wrong: ReadonlySet<SettingName>;
  /** What was set, for logs: secrets are replaced. */
  readonly shown: Readonly<Record<string, string>>;
  /** One line for each; more are added by checks across names. */
  readonly mistakes: string[];
  readonly warnings: string[];
}

const shownCharsMax = 200;
const mask = "*****";

/** Reads every name of the table. An empty value counts as set, as it does for the reference. */
export function readValues(env: Environment): Reading {
  const values: Record<string, unknown> = {};
  const shown: Record<string, string> = {};
  const given = new Set<SettingName>();
  const wrong = new Set<SettingName>();
  const mistakes: string[] = [];
  const warnings: string[] = [];

  for (const [name, setting] of Object.entries(table) as [SettingName, Setting<unknown>][]) {
    values[name] = setting.parse(setting.default);
    const text = env[name];
    if (text === undefined || !isRead(setting, text, env)) continue;
    if (setting.type === "port" && isServiceLink(text)) {
      warnings.push(`${name}: ${shorten(text)} was put there by Kubernetes for a Service; ignored`);
      continue;
    }
    given.add(name);
    shown[name] = setting.isSecret && text !== "" ? mask : shorten(text);
    const value = setting.parse(text);
    if (value === undefined) {
      wrong.add(name);
      mistakes.push(refusal(name, setting, text));
    } else {
      values[name] = value;
      noteLater(name, setting, text, mistakes, warnings);
    }
  }
  const isReadNow = ([, { onlyWith }]: readonly [string, Setting<unknown>]) => isOn(onlyWith, env);
  const readNow = Object.entries(table).filter(isReadNow);
  warnings.push(
    ...nearNames(
      Object.keys(env).filter((name) => !Object.hasOwn(table, name)),
      readNow.map(([name]) => name),
    ),
  );
  return { values: values as Values, given, wrong, shown, mistakes, warnings };
}

function isRead({ onlyWith }: Setting<unknown>, text: string, env: Environment): boolean {
  return onlyWith === undefined || (isOn(onlyWith, env) && text.trim() !== "");
}

function isOn(name: string | undefined, env: Environment): boolean {
  return name === undefined || parseBoolean(env[name] ?? "") === true;
}

/** The line that refuses a value: its name, what was given, what is accepted. Secrets are not shown. */
export function refusal(name: string, setting: Setting<unknown>, text: string): string {
  const given = setting.isSecret ? "the given value (not shown)" : JSON.stringify(shorten(text));
  const reason = setting.refusal === undefined ? "" : `: ${shorten(setting.refusal(text))}`;
  return `${name}: ${given} is not accepted${reason}; accepted: ${setting.accepted}`;
}

/** A value that asks for nothing new (the default, `false`, an empty text) is fine, whether or not its feature is there. */
function noteLater(
  name: string,
  { later, default: usual }: Setting<unknown>,
  text: string,
  mistakes: string[],
  warnings: string[],
): void {
  if (later === undefined || text === "" || asksForNothing(name, text)) return;
  if (later.outcome === "warned") warnings.push(`${name} has no effect: ${later.text}`);
  else mistakes.push(`${name}: ${later.text}; accepted: ${usual}`);
}

function asksForNothing(name: string, text: string): boolean {
  const setting: Setting<unknown> = table[name as SettingName];
  return setting.parse(text) === setting.parse(setting.default);
}

/** Kubernetes sets `<SERVICE>_PORT=tcp://…` for every Service of the namespace: one named `statsd` or `grpc` meets our names. */
function isServiceLink(text: string): boolean {
  return /^(?:tcp|udp|sctp):\/\//.test(text);
}

function shorten(text: string): string {
  return text.length <= shownCharsMax ? text : `${text.slice(0, shownCharsMax)}…`;
}
