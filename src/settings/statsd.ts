import { compileGoPattern } from "../observe/go-pattern.ts";
import type { Mogrifier } from "../observe/statsd/mogrifiers.ts";
import type { StatsdSettings } from "../settings.ts";
import { parseMap } from "./parse.ts";
import type { Environment, Reading } from "./values.ts";

/** Where metrics are sent to; `undefined`: nowhere. Mistakes are added. */
export function buildStatsd(reading: Reading, env: Environment): StatsdSettings | undefined {
  const { values, given, mistakes, warnings } = reading;
  const { USE_DOG_STATSD: isDog, USE_DOG_STATSD_MOGRIFIERS: names, USE_STATSD } = values;
  const isAskedFor = USE_STATSD || (!given.has("USE_STATSD") && isHostGiven(reading));
  if (values.DISABLE_STATS || !(isDog || isAskedFor)) return undefined;
  if (isDog && USE_STATSD) {
    mistakes.push(
      "USE_STATSD, USE_DOG_STATSD: unable to use more than one stats sink at the same time; accepted: one of them, and Prometheus in any case",
    );
  }
  if (!isDog && names.length > 0) {
    warnings.push("USE_DOG_STATSD_MOGRIFIERS has no effect: metrics are not sent to DogStatsD");
  }
  const protocol = values.STATSD_PROTOCOL;
  return {
    form: isDog ? "dogstatsd" : "statsd",
    protocol: isDog || protocol.startsWith("udp") ? "udp" : "tcp",
    family: isDog ? 0 : familyOf(protocol),
    host: values.STATSD_HOST,
    port: values.STATSD_PORT,
    flushMs: values.STATS_FLUSH_INTERVAL,
    globalTags: globalTags(values),
    mogrifiers: isDog ? names.flatMap((name) => readMogrifier(name, env, mistakes) ?? []) : [],
  };
}

function isHostGiven({ values, given }: Reading): boolean {
  return given.has("STATSD_HOST") && values.STATSD_HOST !== "";
}

function familyOf(protocol: string): 0 | 4 | 6 {
  if (protocol.endsWith("4")) return 4;
  return protocol.endsWith("6") ? 6 : 0;
}

/** What Datadog's own clients take from the environment, in their order. */
function globalTags(values: Reading["values"]): readonly string[] {
  const tags = [
    ["dd.internal.entity_id", values.DD_ENTITY_ID],
    ["env", values.DD_ENV],
    ["service", values.DD_SERVICE],
    ["version", values.DD_VERSION],
  ];
  return tags.filter(([, value]) => value !== "").map(([key, value]) => `${key}:${value}`);
}

/** The mistakes begin with the reference's words. */
function readMogrifier(name: string, env: Environment, mistakes: string[]): Mogrifier | undefined {
  const prefix = `DOG_STATSD_MOGRIFIER_${name}_`.toUpperCase();
  const refuse = (variable: string, text: string, accepted: string): undefined => {
    mistakes.push(`${prefix}${variable}: ${text}; accepted: ${accepted}`);
  };
  const pattern = env[`${prefix}PATTERN`] ?? "";
  if (pattern === "") {
    return refuse("PATTERN", `no PATTERN specified for mogrifier ${name}`, "a regular expression");
  }
  try {
    compileGoPattern(pattern);
  } catch (error) {
    const reason = `failed to compile pattern for ${name}: ${(error as Error).message}`;
    return refuse("PATTERN", reason, "a regular expression in the syntax of Go");
  }
  const newName = env[`${prefix}NAME`] ?? "";
  if (newName === "") {
    return refuse("NAME", `no NAME specified for mogrifier ${name}`, "a name, with $1 for a group");
  }
  const tags = parseMap(env[`${prefix}TAGS`] ?? "");
  if (tags === undefined) {
    return refuse("TAGS", `failed to load mogrifier ${name}`, "key:value pairs between commas");
  }
  for (const [key, value] of tags) {
    if (key !== "" && value !== "") continue;
    const missing = key === "" ? "key" : "value";
    const reason = `no ${missing} specified for tag ${key} for mogrifier ${name}`;
    return refuse("TAGS", reason, "key:value pairs between commas, neither of them empty");
  }
  return { pattern, name: newName, tags };
}
