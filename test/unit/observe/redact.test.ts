import { expect, test } from "@jest/globals";
import { redactUrl } from "../../../src/observe/redact.ts";
import { cpuMsOf } from "../../support/cpu-time.ts";

test.each([
  ["redis://foo:b@r@redis1:6379", "redis://*****@redis1:6379"],
  ["redis://redis1:6379", "redis://redis1:6379"],
  ["rediss://:p%40ss@redis1:6379/0", "rediss://*****@redis1:6379/0"],
  ["foob@r,redis1:26379,redis2:26379", "foob@r,redis1:26379,redis2:26379"],
  ["redis1:6379", "redis1:6379"],
  [
    "redis://a:b@h1:6379,redis://c:d@h2:6379,redis://h3:6379",
    "redis://*****@h1:6379,redis://*****@h2:6379,redis://h3:6379",
  ],
  ['redis://u:p"q r,s@h:1', "redis://*****@h:1"],
  ["redis://h:1?password=hunter2&db=1", "redis://h:1?password=*****&db=1"],
  ["http://collector:4318/v1/traces?x=1", "http://collector:4318/v1/traces?x=1"],
  ["", ""],
])("%j is shown as %j", (text, shown) => {
  expect(redactUrl(text)).toBe(shown);
});

test("a long text without a credential takes linear time", () => {
  const text = `${"a.".repeat(50_000)}://${"a://".repeat(50)}`;
  expect(cpuMsOf(() => redactUrl(text))).toBeLessThan(1000);
});
