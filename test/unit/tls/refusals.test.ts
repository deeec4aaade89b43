import { expect, test } from "@jest/globals";
import { Repeats } from "../../../src/observe/repeats.ts";
import { refusal } from "../../../src/tls/client-certificate.ts";
import { Refusals } from "../../../src/tls/refusals.ts";
import { keptLog } from "../../support/kept-log.ts";

test("each reason is told at once, then at most every 30 seconds with how often it was kept back; all are counted", () => {
  let nowMs = 0;
  const log = keptLog();
  const refusals = new Refusals(log, new Repeats(() => nowMs));
  const refuse = () => refusals.add(refusal("no_certificate", "it showed none", "10.0.0.7"));
  for (let i = 0; i < 1_000; i++) refuse();
  refusals.add(refusal("name", "it has another name", undefined));
  nowMs = 29_999;
  refuse();
  expect(log.lines).toHaveLength(2);
  nowMs = 30_000;
  refuse();
  expect(log.lines.map(({ fields }) => fields)).toEqual([
    { reason: "no_certificate", client: "10.0.0.7", refusedSinceLastTold: undefined },
    { reason: "name", client: undefined, refusedSinceLastTold: undefined },
    { reason: "no_certificate", client: "10.0.0.7", refusedSinceLastTold: 1_000 },
  ]);
  expect(refusals.counts.get("no_certificate")).toBe(1_002);
  expect(refusals.counts.get("name")).toBe(1);
  expect(refusals.counts.get("expired")).toBe(0);
});

test("what a client calls itself is bounded in the log", () => {
  const { text } = refusal("untrusted", "x".repeat(100_000), undefined);
  expect(text).toHaveLength(301);
});
