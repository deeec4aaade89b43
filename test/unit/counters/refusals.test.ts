import { expect, test } from "@jest/globals";
import { Refusals } from "../../../src/counters/refusals.ts";
import { keptLog } from "../../support/kept-log.ts";

function refusals() {
  const log = keptLog();
  const clock = { nowMs: 0 };
  const all = new Refusals(log, "Redis", () => clock.nowMs);
  const fields = () => log.lines.map((line) => line.fields);
  return { all, clock, log, fields };
}

const noPermission = "NOPERM User gate has no permissions to run the 'incrby' command";

test("the same refusals are told once and then once a minute, and all are counted", () => {
  const { all, clock, log, fields } = refusals();
  for (let second = 0; second < 130; second++) {
    clock.nowMs = second * 1_000;
    for (let i = 0; i < 100; i++) all.note("a:1", "OOM command not allowed");
  }
  expect(all.count).toBe(13_000);
  expect(log.lines.map(({ level }) => level)).toEqual(["warn", "warn", "warn"]);
  expect(fields()).toEqual([
    { node: "a:1", kind: "OOM" },
    { node: "a:1", kind: "OOM", sinceLastTold: 5_999 },
    { node: "a:1", kind: "OOM", sinceLastTold: 5_999 },
  ]);
});

test("another kind and another server are told apart", () => {
  const { all, fields } = refusals();
  all.note("a:1", "OOM command not allowed");
  all.note("b:1", "OOM command not allowed");
  all.note("a:1", noPermission);
  all.note("a:1", noPermission);
  expect(fields()).toEqual([
    { node: "a:1", kind: "OOM" },
    { node: "b:1", kind: "OOM" },
    { node: "a:1", kind: "NOPERM", command: "incrby" },
  ]);
});

test("nothing that a server says of keys or their parts is told", () => {
  const { all, log } = refusals();
  all.note("a:1", "ERR unknown command 'INCRBY', with args beginning with: 'd_user_alice_1' '1'");
  all.note(
    "a:1",
    "ERR ACL failure in script: User gate has no permissions to run the 'get' command",
  );
  all.note("a:1", "Secret d_user_alice_1");
  expect(JSON.stringify(log.lines)).not.toContain("alice");
  expect(log.lines.map(({ fields }) => fields["kind"])).toEqual(["ERR", "NOPERM"]);
  expect(log.lines[1]?.fields["command"]).toBe("get");
});

test("what is told elsewhere or is no failure is not told here", () => {
  const { all, log } = refusals();
  all.note("a:1", "READONLY You can't write against a read only replica.");
  all.note("a:1", "ERR increment or decrement would overflow");
  expect(log.lines).toEqual([]);
  expect(all.count).toBe(1);
});
