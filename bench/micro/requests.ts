import type { RateLimitRequest } from "../../src/limits/descriptor.ts";
import { loadRules } from "../../src/limits/load.ts";
import type { RuleSet } from "../../src/limits/rule-set.ts";
import { decodeRequest } from "../../src/rls/decode.ts";
import { RequestTemplate } from "../load/request.ts";
import { benchDomain, benchLimit, pathsOf, ruleFile } from "../stage/rule-file.ts";

/** So many different requests go round that no branch or map can learn a single one by heart; a power of two. */
export const requestsMade = 1024;

const prefixBytes = 5;

/** The messages of the load generator's requests, without their gRPC frames. */
export function messages(descriptors: number, rules = 10): readonly Buffer[] {
  const paths = pathsOf(rules);
  const template = new RequestTemplate({ domain: benchDomain, descriptors, paths });
  return Array.from({ length: requestsMade }, (_, i) => {
    const bytes = Buffer.alloc(template.bytes.length);
    // Spread over all paths.
    template.write(Math.floor((i * 99_991) / requestsMade) * 97, bytes, 0);
    return bytes.subarray(prefixBytes);
  });
}

export function requests(descriptors: number, rules = 10): readonly RateLimitRequest[] {
  return messages(descriptors, rules).map((bytes) => decodeRequest(bytes));
}

export function ruleSet(rules: number): RuleSet {
  const text = ruleFile(benchDomain, rules, benchLimit);
  return loadRules([{ name: "bench.yaml", text }], { mergeDomains: false });
}

/** Answers them one after the other, and from the beginning again. */
export function inTurn<Item>(items: readonly Item[]): () => Item {
  let turn = 0;
  return () => {
    turn = (turn + 1) & (requestsMade - 1);
    return items[turn] as Item;
  };
}
