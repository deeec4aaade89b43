import type { Finding } from "./rule-problem.ts";
import type { Visits } from "./yaml/alias.ts";
import { effectivePairs, toPlain } from "./yaml/decode.ts";
import type { YamlMapping, YamlNode } from "./yaml/node.ts";
import { goText } from "./yaml/plain-value.ts";
import { fitsInt64, type Resolved, resolveScalar } from "./yaml/resolve-scalar.ts";

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
 *
 * @throws YamlFailure where yaml.v2 cannot make a value of the text at all.
 */
export function checkKeys(mapping: YamlMapping, visits: Visits, findings: Finding[]): void {
  for (const { key, keyNode, valueNode } of effectivePairs(mapping, visits)) {
    const problem = keyProblem(key);
    if (problem !== undefined) findings.push({ place: keyNode, text: problem, accepted });
    // What stands under a key that is not looked into has to be YAML all the same.
    if (problem !== undefined || key.value === "metadata") toPlain(valueNode, visits);
    else checkValue(valueNode, visits, findings);
  }
}

const accepted = `one of ${[...ruleFileKeys].join(", ")}`;

function keyProblem(key: Resolved): string | undefined {
  if (key.type !== "string") return `config error, key is not of type string: ${goText(key)}`;
  return ruleFileKeys.has(key.value) ? undefined : `config error, unknown key '${key.value}'`;
}

function checkValue(node: YamlNode, visits: Visits, findings: Finding[]): void {
  visits.enter(node);
  switch (node.kind) {
    case "alias":
      checkValue(node.target, visits, findings);
      break;
    case "mapping":
      checkKeys(node, visits, findings);
      break;
    case "sequence":
      for (const item of node.items) checkItem(item, visits, findings);
      break;
    case "scalar": {
      const resolved = resolveScalar(node);
      if (resolved.type === "float" || (resolved.type === "int" && !fitsInt64(resolved.value))) {
        findings.push({
          place: node,
          text: "error checking config",
          accepted: "a string, a whole number below 2^63, a boolean, a map or a list of maps",
        });
      }
    }
  }
  visits.leave(node);
}

function checkItem(item: YamlNode, visits: Visits, findings: Finding[]): void {
  const node = item.kind === "alias" ? item.target : item;
  if (node.kind === "mapping") {
    checkValue(item, visits, findings);
    return;
  }
  findings.push({
    place: item,
    text: `config error, yaml file contains list of type other than map: ${goText(toPlain(item, visits))}`,
    accepted: "a list of maps",
  });
}
