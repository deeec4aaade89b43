import { matchRequest } from "../../src/decision/checks.ts";
import { loadRules } from "../../src/limits/load.ts";
import { decodeRequest } from "../../src/rls/decode.ts";
import { RequestTemplate } from "../load/request.ts";
import { benchDomain, benchLimit, pathsOf, ruleFile } from "../stage/rule-file.ts";

/** How often a map is asked while the limits of a request are found among so many rules. */
export function countLookups(rules: number): number {
  const text = ruleFile(benchDomain, rules, benchLimit);
  const ruleSet = loadRules([{ name: "bench.yaml", text }], { mergeDomains: false });
  const paths = pathsOf(rules);
  const template = new RequestTemplate({ domain: benchDomain, descriptors: 2, paths });
  const bytes = Buffer.alloc(template.bytes.length);
  template.write(paths >> 1, bytes, 0);
  const request = decodeRequest(bytes.subarray(5));
  return countMapGets(() => {
    const checks = matchRequest(ruleSet, request);
    if (checks.some(({ match }) => match === undefined)) throw new Error("a rule was not found");
  });
}

/** Only for the time of a call, and only in this process. */
function countMapGets(call: () => void): number {
  const { get } = Map.prototype;
  let count = 0;
  Map.prototype.get = function (this: Map<unknown, unknown>, key: unknown) {
    count += 1;
    return get.call(this, key);
  };
  try {
    call();
  } finally {
    Map.prototype.get = get;
  }
  return count;
}
