import type { Entry } from "../limits/descriptor.ts";

/**
 * The name of a limit in metrics, in its parts. The reference joins them with dots to one «full key» and later cuts that at the
 * dots again, so that a domain or a value that contains dots shifts its labels. Here the parts stay apart: without dots in them
 * the names are the reference's, with dots each label still holds what it should.
 */
export interface StatsName {
  readonly domain: string;
  /** One for each level of the rule, `key` or `key_value`, sanitised. */
  readonly levels: readonly string[];
}

/** As the reference sanitises names: `:` and `|` have a meaning to statsd, and addresses should not look like levels. */
export function sanitize(text: string): string {
  return text.replace(/[:|]/g, "_").replace(/\d{1,3}(?:\.\d{1,3}){3}/g, underscoreDots);
}

/** The same without any dot, for those who want none within a level (`SANITIZE_DESCRIPTOR_METRIC_DOTS`). */
export function sanitizeDots(level: string): string {
  return underscoreDots(sanitize(level));
}

function underscoreDots(text: string): string {
  return text.replaceAll(".", "_");
}

/**
 * Takes a stats key (`domain.key_value.key…`) apart.
 *
 * @param domain the domain it begins with; `undefined`: all before the first dot
 * @param entries of the descriptor that matched, which tell where levels begin; `undefined`: at every dot
 * @param sanitizeLevel `sanitize` or `sanitizeDots`
 */
export function parseStatsKey(
  statsKey: string,
  domain: string | undefined,
  entries: readonly Entry[] | undefined,
  sanitizeLevel: (level: string) => string = sanitize,
): StatsName {
  if (domain === undefined || !statsKey.startsWith(`${domain}.`)) {
    const [first = "", ...levels] = sanitize(statsKey).split(".");
    return { domain: first, levels };
  }
  const path = statsKey.slice(domain.length + 1);
  const levels = entries && splitByEntries(path, entries)?.map(sanitizeLevel);
  return { domain: sanitize(domain), levels: levels ?? sanitize(path).split(".") };
}

/**
 * Every level begins with its entry's key, and continues with nothing, `_value` or `_pattern`. `undefined` when the path does not
 * fit the entries.
 */
function splitByEntries(path: string, entries: readonly Entry[]): readonly string[] | undefined {
  const levels: string[] = [];
  let at = 0;
  for (let i = 0; i < entries.length; i++) {
    const { key, value } = entries[i] as Entry;
    if (!path.startsWith(key, at)) return undefined;
    const next = entries[i + 1];
    const end = levelEnd(path, at + key.length, value, next && `.${next.key}`);
    levels.push(path.slice(at, end));
    at = end + 1;
  }
  return at === path.length + 1 ? levels : undefined;
}

/** Where a level ends whose key ends at `keyEnd`; `next` is what the following level begins with. */
function levelEnd(path: string, keyEnd: number, value: string, next: string | undefined): number {
  if (next === undefined) return path.length;
  if (path.startsWith(next, keyEnd)) return keyEnd;
  const valueEnd = keyEnd + 1 + value.length;
  if (path.startsWith(`_${value}${next}`, keyEnd)) return valueEnd;
  const at = path.indexOf(next, keyEnd);
  return at < 0 ? path.length : at;
}
