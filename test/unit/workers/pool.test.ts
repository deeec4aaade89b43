import { describe, expect, test } from "@jest/globals";
import { WorkerPool } from "../../../src/workers/pool.ts";
import { ScriptedChild } from "../../support/child.ts";
import { keptLog } from "../../support/kept-log.ts";
import { ManualTimers } from "../../support/manual-timers.ts";

const crash = { code: 3, signal: undefined };

function poolOf(count: number) {
  const timers = new ManualTimers();
  const log = keptLog();
  const children: ScriptedChild[] = [];
  const numbers: number[] = [];
  const fork = (number: number) => {
    const child = new ScriptedChild(1000 + children.length);
    numbers.push(number);
    children.push(child);
    return child;
  };
  const pool = new WorkerPool({ count, fork, timers, log });
  /** @throws Error when there is none */
  const child = (at: number): ScriptedChild => {
    const found = children[at];
    if (found === undefined) throw new Error(`no worker was forked ${at + 1} times`);
    return found;
  };
  return { pool, timers, log, numbers, child, isForked: (at: number) => at in children };
}

/** Lets what has been resolved be heard of. */
const settled = () => new Promise(setImmediate);

describe("the start", () => {
  test("forks all, and is done when the first one has started", async () => {
    const { pool, child, numbers } = poolOf(3);
    const started = pool.start();
    expect(numbers).toEqual([1, 2, 3]);
    child(1).starts();
    expect(await started).toBe("in Redis");
  });

  test("is done, too, when one ends before any has started: nobody waits for ever", async () => {
    const { pool, child } = poolOf(2);
    const started = pool.start();
    child(0).end(crash);
    expect(await started).toBeUndefined();
  });
});

describe("a worker that ends", () => {
  test("is replaced after a pause that doubles each time, up to ten seconds", async () => {
    const { pool, child, timers, numbers, isForked, log } = poolOf(2);
    void pool.start();
    let at = 1;
    for (const pauseMs of [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]) {
      child(at).end(crash);
      await settled();
      at = at === 1 ? 2 : at + 1;
      timers.advance(pauseMs - 1);
      expect([pauseMs, isForked(at)]).toEqual([pauseMs, false]);
      timers.advance(1);
      expect([pauseMs, isForked(at)]).toEqual([pauseMs, true]);
    }
    expect(new Set(numbers.slice(1))).toEqual(new Set([2]));
    expect(pool.crashes).toBe(9);
    expect(log.lines.filter(({ message }) => message.startsWith("a worker ended"))).toHaveLength(9);
  });

  test("is replaced soon again once it has lived for half a minute", async () => {
    const { pool, child, timers, isForked } = poolOf(1);
    void pool.start();
    for (let at = 0; at < 5; at++) {
      child(at).end(crash);
      await settled();
      timers.advance(10_000);
    }
    timers.advance(15_000);
    child(5).comesUp();
    timers.advance(15_000);
    child(5).end(crash);
    await settled();
    timers.advance(100);
    expect(isForked(6)).toBe(true);
  });

  test("counts as missing until its successor is well", async () => {
    const { pool, child, timers } = poolOf(2);
    void pool.start();
    child(0).comesUp();
    child(1).comesUp();
    expect(pool.failing).toEqual([[], []]);
    child(1).end(crash);
    await settled();
    expect(pool.failing).toEqual([[], ["workers"]]);
    timers.advance(100);
    expect(pool.failing).toEqual([[], ["workers"]]);
    child(2).starts(["rules", "store"]);
    expect(pool.failing).toEqual([[], ["rules", "store"]]);
    child(2).says({ type: "health", failing: [] });
    expect(pool.failing).toEqual([[], []]);
  });

  test("is no longer heard", async () => {
    const { pool, child } = poolOf(1);
    void pool.start();
    child(0).end(crash);
    await settled();
    child(0).comesUp();
    expect(pool.failing).toEqual([["workers"]]);
  });
});

describe("rules", () => {
  const files = (text: string) => ({ kind: "files", files: [{ name: "a.yaml", text }] }) as const;
  const rulesTold = (child: ScriptedChild) =>
    child.told.flatMap((message) =>
      message.type === "rules" && message.documents.kind === "files"
        ? message.documents.files.map(({ text }) => text)
        : [],
    );

  test("reach every worker, once it hears, and those that come later", async () => {
    const { pool, child, timers } = poolOf(2);
    void pool.start();
    child(0).starts();
    pool.giveRules(files("1"));
    expect([rulesTold(child(0)), rulesTold(child(1))]).toEqual([["1"], []]);
    child(1).starts();
    expect(rulesTold(child(1))).toEqual(["1"]);
    pool.giveRules(files("2"));
    child(1).end(crash);
    await settled();
    timers.advance(100);
    child(2).starts();
    expect(rulesTold(child(0))).toEqual(["1", "2"]);
    expect(rulesTold(child(2))).toEqual(["2"]);
  });
});

describe("the counters", () => {
  const unreachable = { type: "unreachable", text: "refused" } as const;

  test("that no worker reached in time end the service", async () => {
    const { pool, child } = poolOf(2);
    void pool.start();
    child(0)
      .comesUp()
      .says({ type: "health", failing: ["store"] });
    const { pool: other, child: otherChild } = poolOf(2);
    void other.start();
    otherChild(0).starts();
    otherChild(0).says(unreachable);
    await expect(other.working).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    // Here one had reached them: another that does not is started again like any other.
    child(1).says(unreachable);
    await expect(pool.working).resolves.toBeUndefined();
  });
});

describe("a worker that is stuck", () => {
  test("is ended when it says nothing to six questions for its pulse, and not before", async () => {
    const { pool, child, timers, log } = poolOf(2);
    void pool.start();
    child(0).comesUp();
    child(1).comesUp();
    for (let at = 0; at < 6; at++) {
      timers.advance(5_000);
      child(0).says({ type: "pulse" });
      expect(child(1).wasKilled).toBe(false);
    }
    timers.advance(5_000);
    expect([child(0).wasKilled, child(1).wasKilled]).toEqual([false, true]);
    expect(log.lines.map(({ message }) => message)).toContain("a worker is stuck and is ended");
    await settled();
    timers.advance(100);
    expect(pool.workers).toHaveLength(2);
  });

  test("is not one that has said something since", () => {
    const { pool, child, timers } = poolOf(1);
    void pool.start();
    child(0).comesUp();
    for (let at = 0; at < 5; at++) {
      timers.advance(25_000);
      child(0).says({ type: "health", failing: [] });
    }
    expect(child(0).wasKilled).toBe(false);
  });
});

describe("the end", () => {
  test("begins with all of them unhealthy, and so is one that comes in place of another", async () => {
    const { pool, child, timers } = poolOf(2);
    void pool.start();
    child(0).comesUp();
    pool.retire();
    child(1).comesUp();
    child(0).end(crash);
    await settled();
    timers.advance(100);
    child(2).comesUp();
    for (const at of [0, 1, 2]) expect(child(at).told).toEqual([{ type: "retire" }]);
  });

  test("lets every worker end in order, and waits for all", async () => {
    const { pool, child, timers } = poolOf(2);
    void pool.start();
    child(0).comesUp();
    child(1).comesUp();
    let isOver = false;
    const stopped = pool.stop().then(() => {
      isOver = true;
    });
    expect([child(0), child(1)].map(({ told }) => told.at(-1))).toEqual([
      { type: "drain" },
      { type: "drain" },
    ]);
    child(0).end({ code: 0, signal: undefined });
    await settled();
    expect(isOver).toBe(false);
    child(1).end({ code: 0, signal: undefined });
    await stopped;
    timers.advance(60_000);
    expect(pool.workers).toEqual([]);
    expect(pool.crashes).toBe(0);
  });

  test("kills what has not started, since it would not hear", async () => {
    const { pool, child } = poolOf(1);
    void pool.start();
    await pool.stop();
    expect(child(0).wasKilled).toBe(true);
  });

  test("tells of a worker that did not end in order", async () => {
    const { pool, child } = poolOf(1);
    void pool.start();
    child(0).comesUp();
    const stopped = pool.stop();
    child(0).end({ code: undefined, signal: "SIGSEGV" });
    await expect(stopped).rejects.toThrow("1 of the workers did not end in order");
  });

  test("calls off what would have been started again", async () => {
    const { pool, child, timers, isForked } = poolOf(1);
    void pool.start();
    child(0).end(crash);
    await settled();
    await pool.stop();
    timers.advance(60_000);
    expect(isForked(1)).toBe(false);
  });
});

describe("what is in force for TLS", () => {
  const texts = (name: string) => ({ cert: name, key: "key", ca: undefined });
  const told = (child: ScriptedChild) => child.told.filter(({ type }) => type === "tls");
  const message = (name: string) => ({ type: "tls", use: "grpc", texts: texts(name) });

  test("is told to a worker when it is forked, as it cannot start without, and to all when it changes", async () => {
    const { pool, child, timers } = poolOf(2);
    pool.giveTls("grpc", texts("first"));
    void pool.start();
    expect([told(child(0)), told(child(1))]).toEqual([[message("first")], [message("first")]]);
    child(0).starts();
    pool.giveTls("grpc", texts("second"));
    for (const at of [0, 1]) expect(told(child(at))).toEqual([message("first"), message("second")]);
    child(1).end(crash);
    await settled();
    timers.advance(100);
    expect(told(child(2))).toEqual([message("second")]);
  });
});
