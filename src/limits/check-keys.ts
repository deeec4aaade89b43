import { goText, toPlain } from "./plain-value.ts";
import { fitsInt64, resolveScalar } from "./resolve-scalar.ts";
import type { Finding } from "./rule-problem.ts";
import { effectivePairs, type Visits } from "./yaml-mapping.ts";
import type { YamlMapping, YamlNode } from "./yaml-node.ts";

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
    if (key.type !== "string") {
      findings.push({
        offset: keyNode.offset,
        text: `config error, key is not of type string: ${goText(toPlain(keyNode, visits))}`,
        accepted: acceptedKeys(),
      });
      continue;
    }
    if (!ruleFileKeys.has(key.value)) {
      findings.push({
        offset: keyNode.offset,
        text: `config error, unknown key '${key.value}'`,
        accepted: acceptedKeys(),
      });
      continue;
    }
    if (key.value === "metadata") toPlain(valueNode, visits);
    else checkValue(valueNode, visits, findings);
  }
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
          offset: node.offset,
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
    offset: item.offset,
    text: `config error, yaml file contains list of type other than map: ${goText(toPlain(item, visits))}`,
    accepted: "a list of maps",
  });
}

function acceptedKeys(): string {
  return `one of ${[...ruleFileKeys].join(", ")}`;
}
