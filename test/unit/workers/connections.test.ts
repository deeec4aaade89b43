import { Socket } from "node:net";
import { describe, expect, test } from "@jest/globals";
import { choose } from "../../../src/workers/connections.ts";
import { WorkerProcess } from "../../../src/workers/worker-process.ts";
import { ScriptedChild } from "../../support/child.ts";
import { ManualTimers } from "../../support/manual-timers.ts";

function workersOf(count: number) {
  const timers = new ManualTimers();
  const children = Array.from({ length: count }, (_, at) => new ScriptedChild(at));
  const workers = children.map((child) => new WorkerProcess(child, timers, () => undefined));
  for (const child of children) child.comesUp();
  /** Gives connections as they come; the answer says to whom, by place. */
  const give = (connections: number): readonly number[] =>
    Array.from({ length: connections }, () => {
      const worker = choose(workers);
      worker?.give(new Socket());
      return worker === undefined ? -1 : workers.indexOf(worker);
    });
  const child = (at: number): ScriptedChild => children[at] ?? new ScriptedChild(-1);
  return { timers, workers, give, child };
}

describe("a connection goes to the worker with the fewest", () => {
  test("also when many come at once, before any is taken", () => {
    const { give, workers } = workersOf(3);
    expect(give(7)).toEqual([0, 1, 2, 0, 1, 2, 0]);
    expect(workers.map(({ connections }) => connections)).toEqual([3, 2, 2]);
  });

  test("which is the one whose connections were closed, or the one that is new", () => {
    const { give, child } = workersOf(2);
    give(6);
    for (let at = 0; at < 3; at++) child(1).says({ type: "taken" });
    child(1).says({ type: "closed" }, { type: "closed" });
    expect(give(2)).toEqual([1, 1]);
  });

  test("but to none that is about to start or has ended", () => {
    const { give, child } = workersOf(2);
    child(0).end({ code: 3, signal: undefined });
    expect(give(2)).toEqual([1, 1]);
    child(1).end({ code: 3, signal: undefined });
    expect(give(1)).toEqual([-1]);
  });

  test("and not to one that took none for a second, while others do", () => {
    const { give, child, timers } = workersOf(2);
    expect(give(2)).toEqual([0, 1]);
    child(1).says({ type: "taken" });
    timers.advance(1_000);
    expect(give(3)).toEqual([1, 1, 1]);
    child(0).says({ type: "taken" });
    expect(give(1)).toEqual([0]);
  });

  test("and to a slow one when all are slow: it may still come round", () => {
    const { give, timers } = workersOf(2);
    give(2);
    timers.advance(5_000);
    expect(give(2)).toEqual([0, 1]);
  });
});

describe("a connection that was given", () => {
  test("is left to the worker once that has taken it", () => {
    const { give, child } = workersOf(1);
    give(2);
    const [first, second] = child(0).given;
    child(0).says({ type: "taken" });
    // The worker has it under a descriptor of its own; this one's is given up.
    expect([first?.destroyed, second?.destroyed]).toEqual([true, false]);
  });

  test("is closed when the worker ends before it has taken it", () => {
    const { give, child } = workersOf(1);
    give(2);
    child(0).end({ code: undefined, signal: "SIGKILL" });
    expect(child(0).given.map(({ destroyed }) => destroyed)).toEqual([true, true]);
  });
});
