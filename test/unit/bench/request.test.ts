import { describe, expect, test } from "@jest/globals";
import { pathOf, RequestTemplate } from "../../../bench/load/request.ts";
import { RequestHeads, requestFields } from "../../../bench/load/request-head.ts";
import { benchDomain, benchLimit, pathsOf, ruleFile } from "../../../bench/stage/rule-file.ts";
import { matchRequest } from "../../../src/decision/checks.ts";
import type { Field } from "../../../src/grpc/h2/fields.ts";
import { HeaderDecoder } from "../../../src/grpc/h2/hpack.ts";
import { loadRules } from "../../../src/limits/load.ts";
import { decodeRequest } from "../../../src/rls/decode.ts";

function request(user: number, descriptors: number, paths: number) {
  const template = new RequestTemplate({ domain: benchDomain, descriptors, paths });
  const bytes = Buffer.alloc(template.bytes.length + 20);
  const end = template.write(user, bytes, 10);
  expect(end).toBe(10 + template.bytes.length);
  expect(bytes.readUInt32BE(11)).toBe(template.bytes.length - 5);
  return decodeRequest(bytes.subarray(15, end));
}

describe("a request of the load generator", () => {
  test("asks about the user's address, and about the user on a path of its own", () => {
    const { domain, descriptors, hitsAddend } = request(1_234, 2, 9);
    expect(domain).toBe(benchDomain);
    expect(hitsAddend).toBe(0);
    expect(descriptors.map(({ entries }) => entries)).toEqual([
      [{ key: "remote_address", value: "2001:db8::00001234" }],
      [
        { key: "path", value: pathOf(1_234 % 9) },
        { key: "user", value: "user-00001234" },
      ],
    ]);
  });

  test("of ten descriptors asks about nine different paths", () => {
    const paths = request(5, 10, 9)
      .descriptors.slice(1)
      .map(({ entries }) => entries[0]?.value);
    expect(new Set(paths).size).toBe(9);
  });

  test.each([10, 1_000])("meets a rule with each descriptor, of %d rules", (rules) => {
    const text = ruleFile(benchDomain, rules, benchLimit);
    const ruleSet = loadRules([{ name: "bench.yaml", text }], { mergeDomains: false });
    expect(ruleSet.limitCount).toBe(rules);
    for (const user of [0, 1, 998, 999, 1_000, 99_999_999]) {
      const checks = matchRequest(ruleSet, request(user, 10, pathsOf(rules)));
      expect(checks.map(({ match }) => match?.limit.requestsPerUnit)).toEqual(
        checks.map(() => benchLimit),
      );
    }
  });
});

describe("the header blocks of a connection", () => {
  test.each([4096, 0])(
    "say the same ten fields each time, to a table of %d bytes",
    (tableBytes) => {
      const heads = new RequestHeads("https", "20m", tableBytes);
      const decoder = new HeaderDecoder();
      for (let i = 0; i < 3; i++) {
        const block = heads.next();
        const fields: Field[] = [];
        expect(decoder.decode(block, 0, block.length, fields, 65_536)).toBe(true);
        expect(fields.map(({ name, value }) => [name, value])).toEqual(
          requestFields("https", "20m"),
        );
      }
    },
  );

  test("cost a byte for each field once the table has them", () => {
    const heads = new RequestHeads("http", "5S", 4096);
    heads.next();
    expect(heads.next()).toHaveLength(10);
  });
});
