import type { Finding } from "./rule-problem.ts";
import { goText, type PlainItem, type PlainMap } from "./yaml/plain-value.ts";
import { fitsInt64, type Resolved } from "./yaml/resolve-scalar.ts";

/** Every key that a rule file may hold. The reference accepts each of them at any level, and ignores it where it has no meaning. */
export const ruleFileKeys: ReadonlySet<string> = new Set([
  "domain",
  "key",
  "value",
  "descriptors",
  "rate_limit",
  "unit",
  "requests_per_unit",
  "unlimited",
  "shadow_mode",
  "quota_mode",
  "name",
  "replaces",
  "detailed_metric",
  "value_to_metric",
  "share_threshold",
  "metadata",
]);

/**
 * The first of the reference's two looks at a file: only known keys, and only strings, integers, booleans, maps and lists of maps.
 * What stands under `metadata` is free.
 */
export function checkKeys(map: PlainMap, findings: Finding[]): void {
  for (const { key, keyPlace, value, place } of map.pairs.values()) {
    const problem = keyProblem(key);
    if (problem !== undefined) findings.push({ place: keyPlace, text: problem, accepted });
    else if (key.value !== "metadata") checkValue({ value, place }, findings);
  }
}

const accepted = `one of ${[...ruleFileKeys].join(", ")}`;

function keyProblem(key: Resolved): string | undefined {
  if (key.type !== "string") return `config error, key is not of type string: ${goText(key)}`;
  return ruleFileKeys.has(key.value) ? undefined : `config error, unknown key '${key.value}'`;
}

function checkValue({ value, place }: PlainItem, findings: Finding[]): void {
  if (value.type === "map") checkKeys(value, findings);
  else if (value.type === "list") for (const item of value.items) checkItem(item, findings);
  else if (value.type === "float" || (value.type === "int" && !fitsInt64(value.value))) {
    findings.push({
      place,
      text: "error checking config",
      accepted: "a string, a whole number below 2^63, a boolean, a map or a list of maps",
    });
  }
}

function checkItem({ value, place }: PlainItem, findings: Finding[]): void {
  if (value.type === "map") checkKeys(value, findings);
  else {
    findings.push({
      place,
      text: `config error, yaml file contains list of type other than map: ${goText(value)}`,
      accepted: "a list of maps",
    });
  }
}
