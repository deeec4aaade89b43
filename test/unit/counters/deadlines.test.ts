import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "@jest/globals";
import { Deadlines } from "../../../src/counters/deadlines.ts";
import { eventually } from "../../support/eventually.ts";

let deadlines = new Deadlines("Redis");
afterEach(() => {
  deadlines.close();
  deadlines = new Deadlines("Redis");
});

/** Somebody who has so many milliseconds, and when they were told that those are over. */
function waiter(ms: number) {
  const state = { isDone: false, lateMs: undefined as number | undefined, told: "" };
  const deadlineMs = performance.now() + ms;
  deadlines.add(
    {
      get isDone() {
        return state.isDone;
      },
      due(error) {
        state.lateMs = performance.now() - deadlineMs;
        state.told = `${error.code} ${error.reason}: ${error.message}`;
        state.isDone = true;
      },
    },
    deadlineMs,
  );
  return state;
}

/** So many milliseconds and a few more have passed. */
async function passed(ms: number): Promise<void> {
  const end = performance.now() + ms;
  await eventually(() => expect(performance.now()).toBeGreaterThan(end));
}

describe("a deadline", () => {
  test("is told once it is over, and not before", async () => {
    const all = [5, 30, 10, 10.5, 60, 0, -20].map(waiter);
    await eventually(() => expect(all.every(({ isDone }) => isDone)).toBe(true));
    for (const { lateMs, told } of all) {
      expect(lateMs).toBeGreaterThanOrEqual(0);
      expect(told).toBe(
        "STORE_TIMEOUT timeout: Redis did not answer in the time that the call has",
      );
    }
  });

  test("is not told to those who are done", async () => {
    const [done, waiting] = [waiter(5), waiter(5)];
    done.isDone = true;
    await eventually(() => expect(waiting.isDone).toBe(true));
    expect(done.told).toBe("");
  });

  test("that comes later but is nearer is told first", async () => {
    const far = waiter(60_000);
    const near = waiter(5);
    await eventually(() => expect(near.isDone).toBe(true));
    expect(far.isDone).toBe(false);
  });

  test("goes on to be watched when others were done before it", async () => {
    const first = waiter(5);
    first.isDone = true;
    const last = waiter(40);
    await eventually(() => expect(last.isDone).toBe(true));
    const again = waiter(5);
    await eventually(() => expect(again.isDone).toBe(true));
  });

  test("is not there without end", async () => {
    const state = waiter(Number.POSITIVE_INFINITY);
    await passed(20);
    expect(state.isDone).toBe(false);
  });

  test("is told to nobody once they are closed", async () => {
    const state = waiter(10);
    deadlines.close();
    await passed(30);
    expect(state.isDone).toBe(false);
  });
});

test("what has come in while this process was busy is read before anybody is late", async () => {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const sender = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [receiver] = (await once(server, "connection")) as [Socket];
  try {
    const state = waiter(5);
    receiver.on("data", () => {
      state.isDone = true;
    });
    sender.write("the answer");
    const end = performance.now() + 20;
    while (performance.now() < end);
    await eventually(() => expect(state.isDone).toBe(true));
    expect(state.told).toBe("");
  } finally {
    sender.destroy();
    receiver.destroy();
    server.close();
  }
});
