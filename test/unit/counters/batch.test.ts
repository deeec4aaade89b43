import { afterEach, describe, expect, test } from "@jest/globals";
import { Addition } from "../../../src/counters/addition.ts";
import { Batch } from "../../../src/counters/batch.ts";
import { Call } from "../../../src/counters/call.ts";
import type { Command } from "../../../src/counters/command.ts";
import { Expiries } from "../../../src/counters/expiries.ts";
import { ErrorReply, type Reply } from "../../../src/counters/reply.ts";
import { resp } from "../../../src/counters/resp/dialect.ts";
import { timedOut, unavailable } from "../../../src/counters/store-errors.ts";
import { eventually } from "../../support/eventually.ts";
import { increment } from "../../support/increments.ts";

const opened: Batch[] = [];
const owed: Command[] = [];
const expiries = new Expiries((command) => owed.push(command));

afterEach(() => {
  for (const batch of opened.splice(0)) batch.drop(unavailable("the test is over"));
  owed.splice(0);
});

function newBatch(timeoutMs = 60_000) {
  const told: string[] = [];
  const batch = new Batch(timeoutMs, {
    dialect: resp,
    timedOut: () => void told.push("timed out"),
    answered: (command, reply) => {
      if (reply instanceof ErrorReply) command.refuse(reply.text);
      else command.answer(reply);
    },
    settled: () => void told.push("settled"),
  });
  opened.push(batch);
  return { batch, told };
}

/** Adds increments as one call, and answers what becomes of it. */
function add(batch: Batch, ...increments: readonly [key: string, hits: number][]) {
  const call = new Call(increments.length, expiries, Number.POSITIVE_INFINITY);
  const additions = increments.map(
    ([key, hits], at) => new Addition(increment({ key, hits }), call, at),
  );
  for (const addition of additions) batch.add(addition);
  return { call, totals: call.totals.catch((error: Error) => error.message), additions };
}

/** Commands in words, as a server reads them. */
function commandsOf(request: string): string[] {
  const words = request.split(/\*\d+\r\n/).slice(1);
  return words.map((text) =>
    text
      .split(/\$\d+\r\n/)
      .slice(1)
      .map((word) => word.slice(0, -2))
      .join(" "),
  );
}

function answer(batch: Batch, ...replies: readonly Reply[]): boolean[] {
  return replies.map((reply) => batch.take(reply));
}

describe("a batch", () => {
  test("has one command for each key, however many calls add to it, and each has its own total", async () => {
    const { batch, told } = newBatch();
    const calls = Array.from({ length: 100 }, (_, i) =>
      add(batch, ["hot", 1], [`cold${i % 3}`, 2]),
    );
    expect(commandsOf(batch.toRequest())).toEqual([
      "INCRBY hot 100",
      "INCRBY cold0 68",
      "INCRBY cold1 66",
      "INCRBY cold2 66",
    ]);
    expect(answer(batch, 150, 68, 100, 200)).toEqual([false, false, false, true]);
    expect(told).toEqual(["settled"]);
    expect(await calls[0]?.totals).toEqual([51, 2]);
    expect(await calls[1]?.totals).toEqual([52, 36]);
    expect(await calls[99]?.totals).toEqual([150, 68]);
    // Only «cold0» was made by these hits.
    expect(owed.map(({ key }) => key)).toEqual(["cold0"]);
  });

  test("counts what it has taken, also commands that others took over", () => {
    const { batch } = newBatch();
    for (let i = 0; i < 999; i++) add(batch, ["hot", 1]);
    expect([batch.size, batch.isFull]).toEqual([999, false]);
    add(batch, ["hot", 1]);
    expect([batch.size, batch.isFull]).toEqual([1_000, true]);
  });

  test("is full when its keys are long", () => {
    const { batch } = newBatch();
    add(batch, ["x".repeat(1_048_575), 1]);
    expect(batch.isFull).toBe(false);
    add(batch, ["y", 1]);
    expect(batch.isFull).toBe(true);
  });

  test("keeps a look among hits, and lets hits that are given back go alone", async () => {
    const { batch } = newBatch();
    const { totals } = add(batch, ["a", 0], ["a", 3], ["a", 0], ["a", -2], ["a", 1], ["a", 0]);
    expect(
      commandsOf(batch.toRequest()).map((text) => text.replace(/ if .*return 0/s, "")),
    ).toEqual(["INCRBY a 3", "EVAL 1 a -2", "INCRBY a 1"]);
    answer(batch, 10, 8, 9);
    expect(await totals).toEqual([7, 10, 10, 8, 9, 9]);
  });

  test("leaves out what nobody waits for any longer, before it is sent", async () => {
    const { batch } = newBatch();
    const calls = [1, 2, 4, 8].map((hits) => add(batch, ["hot", hits], [`own${hits}`, 1]));
    const look = add(batch, ["hot", 0]);
    new Expiries((expiry) => batch.add(expiry)).owe(increment({ key: "a" }));
    for (const late of [calls[0], calls[2]]) late?.call.fail(timedOut("Redis", 1));
    expect(batch.keepAwaited()).toBe(true);
    expect(commandsOf(batch.toRequest())).toEqual([
      "INCRBY hot 10",
      "INCRBY own2 1",
      "INCRBY own8 1",
      "EXPIRE a 60",
    ]);
    answer(batch, 110, 7, 8, 1);
    expect(await calls[1]?.totals).toEqual([102, 7]);
    expect(await calls[3]?.totals).toEqual([110, 8]);
    expect(await look.totals).toEqual([110]);
    expect(await calls[0]?.totals).toBe("Redis did not answer within 1 ms");
  });

  test("of a slot that moves still announces what is left of a command", () => {
    const { batch } = newBatch();
    const [gone, stays] = [add(batch, ["a", 1]), add(batch, ["a", 2])];
    for (const addition of gone.additions) addition.isAsking = true;
    gone.call.fail(timedOut("Redis", 1));
    batch.keepAwaited();
    expect(commandsOf(batch.toRequest())).toEqual(["ASKING", "INCRBY a 2"]);
    expect(stays.call.isDone).toBe(false);
  });

  test("that nobody waits for has nothing left", () => {
    const { batch, told } = newBatch();
    const late = add(batch, ["a", 1], ["b", 1]);
    late.call.fail(timedOut("Redis", 1));
    expect(batch.keepAwaited()).toBe(false);
    expect(told).toEqual([]);
  });

  test("sends an expiry beside the hits of its key, which go on being added together", () => {
    const { batch } = newBatch();
    add(batch, ["a", 1]);
    new Expiries((expiry) => batch.add(expiry)).owe(increment({ key: "a" }));
    add(batch, ["a", 1]);
    expect(commandsOf(batch.toRequest())).toEqual(["INCRBY a 2", "EXPIRE a 60"]);
  });

  test("counts the bytes of keys that are not ASCII, each as the caller sent it", () => {
    const { batch } = newBatch();
    add(batch, ["ä\udce4", 1], ["b", 1]);
    expect(batch.toRequest()).toBe(
      "*3\r\n$6\r\nINCRBY\r\n$3\r\n\xc3\xa4\xe4\r\n$1\r\n1\r\n*3\r\n$6\r\nINCRBY\r\n$1\r\nb\r\n$1\r\n1\r\n",
    );
  });

  test("announces the commands of slots that the node does not own yet, and reads on behind those answers", async () => {
    const { batch } = newBatch();
    const first = add(batch, ["a", 1]);
    const moving = add(batch, ["b", 1], ["c", 1]);
    for (const addition of moving.additions) addition.isAsking = true;
    const last = add(batch, ["d", 1]);
    expect(commandsOf(batch.toRequest())).toEqual([
      "INCRBY a 1",
      "ASKING",
      "INCRBY b 1",
      "ASKING",
      "INCRBY c 1",
      "INCRBY d 1",
    ]);
    const ends = answer(batch, 1, "OK", 2, new ErrorReply("ERR"), new ErrorReply("TRYAGAIN x"), 4);
    expect(ends).toEqual([false, false, false, false, false, true]);
    expect(await Promise.all([first.totals, last.totals])).toEqual([[1], [4]]);
    expect(await moving.totals).toBe("Redis refused a command: TRYAGAIN");
  });

  test("that is lost midway loses what has no answer yet, which may have been counted", async () => {
    const { batch, told } = newBatch();
    const [done, lost] = [add(batch, ["a", 1]), add(batch, ["b", 1])];
    batch.toRequest();
    answer(batch, 5);
    batch.lose();
    expect(await done.totals).toEqual([5]);
    expect(await lost.totals).toBe("the connection to Redis was lost");
    expect(owed.map(({ key }) => key)).toEqual(["b"]);
    expect(told).toEqual([]);
  });

  test("that is dropped was never sent: nothing is owed", async () => {
    const { batch } = newBatch();
    const { totals } = add(batch, ["a", 1]);
    batch.drop(unavailable("Redis is not connected"));
    expect(await totals).toBe("Redis is not connected");
    expect(owed).toEqual([]);
  });

  test("whose time is over fails its callers, and its answers still count", async () => {
    const { batch, told } = newBatch(20);
    const { totals } = add(batch, ["a", 1]);
    batch.toRequest();
    await eventually(() => expect(told).toEqual(["timed out"]));
    batch.giveUp(timedOut("Redis", 20));
    expect(await totals).toBe("Redis did not answer within 20 ms");
    expect(answer(batch, 1)).toEqual([true]);
    // It was this hit that made the counter, although nobody waited for it any more.
    expect(owed.map(({ key }) => key)).toEqual(["a"]);
  });
});
