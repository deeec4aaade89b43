import type { Finding } from "./rule-problem.ts";
import {
  emptyRateLimit,
  emptyRule,
  type RateLimitSource,
  type ReplacesSource,
  type RuleFileSource,
  type RuleSource,
} from "./rule-source.ts";
import { typeError } from "./type-error.ts";
import { isMergeKey, mergedMappings, targetOf, Visits } from "./yaml/alias.ts";
import { toPlain } from "./yaml/decode.ts";
import type { YamlMapping, YamlNode } from "./yaml/node.ts";
import type { PlainValue } from "./yaml/plain-value.ts";
import { isNull, resolveScalar } from "./yaml/resolve-scalar.ts";

/**
 * The second of the reference's two looks at a file: fields of known names get their values, others are passed over. A field that
 * is named twice takes the later value; maps that are named twice grow together.
 *
 * @throws YamlFailure as `checkKeys` does.
 */
export function readRules(root: YamlNode | undefined, findings: Finding[]): RuleFileSource {
  const file: RuleFileSource = {
    domain: "",
    domainPlace: root ?? { line: 1, column: 1 },
    descriptors: [],
  };
  if (root !== undefined) new Reader(findings).readFile(root, file);
  return file;
}

const uint32Max = 2 ** 32 - 1;

/** Go's names of the types, which the reference's messages tell. */
const goTypes = {
  file: "config.YamlRoot",
  rule: "config.YamlDescriptor",
  rules: "[]config.YamlDescriptor",
  rateLimit: "config.YamlRateLimit",
  replacement: "config.yamlReplaces",
  replacements: "[]config.yamlReplaces",
  metadata: "map[string]interface {}",
} as const;

class Reader {
  readonly #visits = new Visits();
  readonly #findings: Finding[];

  constructor(findings: Finding[]) {
    this.#findings = findings;
  }

  readFile(root: YamlNode, file: RuleFileSource): void {
    this.#readMapping(root, goTypes.file, (name, value) => {
      if (name === "domain") {
        file.domainPlace = value;
        file.domain = this.#readString(value, file.domain);
      } else if (name === "descriptors") {
        file.descriptors = this.#readRules(value, file.descriptors);
      }
    });
  }

  #readRules(node: YamlNode, before: RuleSource[]): RuleSource[] {
    return this.#readList(node, goTypes.rules, before, (item) => {
      const rule = emptyRule(item);
      return this.#readRule(item, rule) ? rule : undefined;
    });
  }

  #readRule(node: YamlNode, rule: RuleSource): boolean {
    return this.#readMapping(node, goTypes.rule, (name, value) => {
      switch (name) {
        case "key":
          rule.keyPlace = value;
          rule.key = this.#readString(value, rule.key);
          break;
        case "value":
          rule.value = this.#readString(value, rule.value);
          break;
        case "rate_limit":
          rule.rateLimit = this.#readRateLimit(value, rule.rateLimit);
          break;
        case "descriptors":
          rule.descriptors = this.#readRules(value, rule.descriptors);
          break;
        case "metadata":
          rule.metadataPlace = value;
          rule.metadata = this.#readMetadata(value, rule.metadata);
          break;
        default:
          this.#readRuleFlag(rule, name, value);
      }
    });
  }

  #readRuleFlag(rule: RuleSource, name: string, value: YamlNode): void {
    if (name === "shadow_mode") rule.shadowMode = this.#readBool(value, rule.shadowMode);
    else if (name === "quota_mode") rule.quotaMode = this.#readBool(value, rule.quotaMode);
    else if (name === "detailed_metric") {
      rule.detailedMetric = this.#readBool(value, rule.detailedMetric);
    } else if (name === "value_to_metric") {
      rule.valueToMetric = this.#readBool(value, rule.valueToMetric);
    } else if (name === "share_threshold") {
      rule.shareThresholdPlace = value;
      rule.shareThreshold = this.#readBool(value, rule.shareThreshold);
    }
  }

  #readRateLimit(node: YamlNode, before: RateLimitSource | undefined): RateLimitSource | undefined {
    const target = targetOf(node);
    if (isNull(target)) return isNullPointer(target) ? undefined : emptyRateLimit(node);
    const limit = before ?? emptyRateLimit(node);
    this.#readMapping(node, goTypes.rateLimit, (name, value) => {
      switch (name) {
        case "unit":
          limit.unitPlace = value;
          limit.unit = this.#readString(value, limit.unit);
          break;
        case "requests_per_unit":
          limit.requestsPerUnit = this.#readUint32(value, limit.requestsPerUnit);
          break;
        case "unlimited":
          limit.unlimited = this.#readBool(value, limit.unlimited);
          break;
        case "name":
          limit.name = this.#readString(value, limit.name);
          break;
        case "replaces":
          limit.replaces = this.#readReplaces(value, limit.replaces);
          break;
      }
    });
    return limit;
  }

  #readReplaces(node: YamlNode, before: ReplacesSource[]): ReplacesSource[] {
    return this.#readList(node, goTypes.replacements, before, (item) => {
      const replacement: ReplacesSource = { place: item, name: "" };
      const isRead = this.#readMapping(item, goTypes.replacement, (name, value) => {
        if (name === "name") replacement.name = this.#readString(value, replacement.name);
      });
      return isRead ? replacement : undefined;
    });
  }

  /** Keys of the first level are texts as written (`yes: 1` is «yes»); further down they are values (`yes: 1` is «true»). */
  #readMetadata(
    node: YamlNode,
    before: Map<string, PlainValue> | undefined,
  ): Map<string, PlainValue> | undefined {
    if (isNull(targetOf(node))) return undefined;
    const metadata = before ?? new Map<string, PlainValue>();
    this.#readMapping(node, goTypes.metadata, (name, value) => {
      metadata.set(name, toPlain(value, this.#visits));
    });
    return metadata;
  }

  /** Calls `setField` for each pair. `false`: the node is no mapping, which is reported. */
  #readMapping(
    node: YamlNode,
    goType: string,
    setField: (name: string, value: YamlNode) => void,
  ): boolean {
    return this.#within(node, (target) => {
      if (target.kind === "mapping") {
        this.#readPairs(target, goType, setField);
        return true;
      }
      if (target.kind === "scalar" && isNull(target)) return true;
      this.#typeError(target, goType, "a map");
      return false;
    });
  }

  #readPairs(
    mapping: YamlMapping,
    goType: string,
    setField: (name: string, value: YamlNode) => void,
  ): void {
    for (const { key, value } of mapping.pairs) {
      if (isMergeKey(key)) {
        for (const merged of mergedMappings(value)) this.#readMapping(merged, goType, setField);
      } else {
        const name = this.#readString(key, undefined);
        if (name !== undefined) setField(name, value);
      }
    }
  }

  #readList<T>(
    node: YamlNode,
    goType: string,
    before: T[],
    readItem: (item: YamlNode) => T | undefined,
  ): T[] {
    return this.#within(node, (target) => {
      if (target.kind === "scalar" && isNull(target)) return [];
      if (target.kind === "sequence") {
        return target.items.map(readItem).filter((item) => item !== undefined) as T[];
      }
      this.#typeError(target, goType, "a list of maps");
      return before;
    });
  }

  #readString<Before extends string | undefined>(node: YamlNode, before: Before): string | Before {
    return this.#within(node, (target) => {
      if (target.kind !== "scalar") return this.#typeError(target, "string", "a string", before);
      const resolved = resolveScalar(target);
      if (resolved.type === "null") return "";
      return resolved.type === "string" ? resolved.value : target.text;
    });
  }

  #readBool(node: YamlNode, before: boolean): boolean {
    return this.#within(node, (target) => {
      const resolved = target.kind === "scalar" ? resolveScalar(target) : undefined;
      if (resolved?.type === "null") return false;
      if (resolved?.type === "bool") return resolved.value;
      return this.#typeError(target, "bool", "true or false", before);
    });
  }

  #readUint32(node: YamlNode, before: number): number {
    return this.#within(node, (target) => {
      const resolved = target.kind === "scalar" ? resolveScalar(target) : undefined;
      if (resolved?.type === "null") return 0;
      const number =
        resolved?.type === "int" || resolved?.type === "float" ? wholeUint32(resolved.value) : -1;
      if (number >= 0) return number;
      return this.#typeError(target, "uint32", `a whole number from 0 to ${uint32Max}`, before);
    });
  }

  #within<T>(node: YamlNode, read: (target: Exclude<YamlNode, { kind: "alias" }>) => T): T {
    this.#visits.enter(node);
    const result = node.kind === "alias" ? this.#within(node.target, read) : read(node);
    this.#visits.leave(node);
    return result;
  }

  #typeError<T>(node: YamlNode, goType: string, accepted: string, before?: T): T {
    this.#findings.push(typeError(node, goType, accepted));
    return before as T;
  }
}

/**
 * yaml.v2 cuts fractions off. `checkKeys` refuses them, but does not see one that a later value of the same key replaces.
 *
 * @returns -1 when it is none
 */
function wholeUint32(value: bigint | number): number {
  const whole = Math.trunc(Number(value)) + 0;
  return whole >= 0 && whole <= uint32Max ? whole : -1;
}

/** Where yaml.v2 decodes into a pointer, `Null` and `NULL` are an empty value, and only the other spellings none. */
function isNullPointer(node: YamlNode): boolean {
  return node.kind === "scalar" && (node.tag !== "" || ["", "~", "null"].includes(node.text));
}
