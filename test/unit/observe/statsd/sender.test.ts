import { expect, test } from "@jest/globals";
import { StatsdSender } from "../../../../src/observe/statsd/sender.ts";
import type { Transport } from "../../../../src/observe/statsd/transport.ts";
import { eventually } from "../../../support/eventually.ts";
import { keptLog } from "../../../support/kept-log.ts";
import { ManualTimers } from "../../../support/manual-timers.ts";

/** A way to a server that does what a test says. */
class ScriptedTransport implements Transport {
  readonly pieceBytesMax = 10;
  readonly sent: string[] = [];
  isThere: boolean = true;
  /** Pieces are not taken, nor refused. */
  isStuck: boolean = false;
  isClosed: boolean = false;

  async open(): Promise<void> {
    if (!this.isThere) throw new Error("nobody is there");
  }

  send(piece: Buffer): Promise<void> {
    if (this.isStuck) return new Promise(() => undefined);
    this.sent.push(piece.toString());
    return Promise.resolve();
  }

  close(): void {
    this.isClosed = true;
  }
}

function start(intervalMs = 10_000) {
  const transport = new ScriptedTransport();
  const timers = new ManualTimers();
  const log = keptLog();
  let asked = 0;
  const sender = new StatsdSender({
    transport,
    timers,
    log,
    intervalMs,
    server: "statsd:8125",
    *lines() {
      asked += 1;
      yield [`a:${asked}|c`];
      yield [`b:${asked}|c`];
    },
  });
  return { sender, transport, timers, log, asked: () => asked };
}

test("what there is to send goes out at every interval, in pieces", async () => {
  const { sender, transport, timers } = start();
  expect(transport.sent).toEqual([]);
  timers.advance(10_000);
  await eventually(() => expect(transport.sent).toEqual(["a:1|c\n", "b:1|c\n"]));
  timers.advance(9_999);
  expect(sender.flushes).toBe(1);
  timers.advance(1);
  await eventually(() => expect(transport.sent.slice(2)).toEqual(["a:2|c\n", "b:2|c\n"]));
});

test("nothing is made to be sent while nobody is there, and the log says so once in five minutes", async () => {
  const { sender, transport, timers, log, asked } = start();
  transport.isThere = false;
  for (let i = 1; i <= 40; i++) {
    timers.advance(10_000);
    await eventually(() => expect(sender.failures).toBe(i));
  }
  expect(asked()).toBe(0);
  expect(log.lines.map(({ level, fields }) => [level, fields["failures"]])).toEqual([
    ["warn", 1],
    ["warn", 31],
  ]);
  transport.isThere = true;
  timers.advance(10_000);
  await eventually(() => expect(transport.sent).toEqual(["a:1|c\n", "b:1|c\n"]));
  expect(log.lines.at(-1)?.message).toBe("metrics are sent again");
});

test("a server that is not there is tried every three seconds at most", async () => {
  const { sender, transport, timers } = start(10);
  transport.isThere = false;
  timers.advance(10);
  await eventually(() => expect(sender.failures).toBe(1));
  timers.advance(2_990);
  await sender.flush();
  expect(sender.failures).toBe(2);
  timers.advance(2_990);
  expect(sender.failures).toBe(2);
  timers.advance(20);
  await eventually(() => expect(sender.failures).toBe(3));
});

test("one flush is under way at a time, however long it takes: nothing piles up behind it", async () => {
  const { transport, timers, asked } = start();
  transport.isStuck = true;
  for (let i = 0; i < 100; i++) timers.advance(10_000);
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(asked()).toBe(1);
});

test("closing sends once more, and then never again", async () => {
  const { sender, transport, timers } = start();
  await sender.close();
  expect(transport.sent).toEqual(["a:1|c\n", "b:1|c\n"]);
  expect(transport.isClosed).toBe(true);
  expect(timers.pending).toBe(0);
});

test("closing waits a second for a server that takes nothing", async () => {
  const { sender, transport, timers } = start();
  transport.isStuck = true;
  timers.advance(10_000);
  let isClosed = false;
  const closed = sender.close().then(() => {
    isClosed = true;
  });
  timers.advance(999);
  await new Promise(setImmediate);
  expect(isClosed).toBe(false);
  timers.advance(1);
  await closed;
  expect(transport.isClosed).toBe(true);
});
