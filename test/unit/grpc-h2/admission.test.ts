import { describe, expect, test } from "@jest/globals";
import type { DirectHandler } from "../../../src/grpc/engine.ts";
import { Admission, type LoopClock, Share } from "../../../src/grpc/h2/admission.ts";
import { GrpcError, Status } from "../../../src/grpc/status.ts";
import {
  call,
  headers,
  lastData,
  message,
  requestFields,
  unaryPath,
} from "../../support/h2/frames.ts";
import { Wire } from "../../support/h2/wire.ts";

/** An event loop whose turns the test ends, and in which time passes only when it says so. */
class Loop implements LoopClock {
  #nowMs: number = 0;
  #idleMs: number = 0;
  #atTurnEnd: (() => void)[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  idleMs(): number {
    return this.#idleMs;
  }

  atTurnEnd(run: () => void): void {
    this.#atTurnEnd.push(run);
  }

  work(ms: number): void {
    this.#nowMs += ms;
  }

  /** The loop comes back at once, having found something. */
  endTurn(): void {
    const runs = this.#atTurnEnd;
    this.#atTurnEnd = [];
    for (const run of runs) run();
  }

  rest(ms: number): void {
    this.endTurn();
    this.#nowMs += ms;
    this.#idleMs += ms;
  }
}

/** What it takes to serve a call, and to turn one away. */
const servedMs = 0.02;
const excessMs = 0.002;

/** Has the callers of a turn make so many calls each, and answers how many of each were served. */
function turn(
  { loop, admission }: { readonly loop: Loop; readonly admission: Admission },
  calls: ReadonlyMap<Share, number>,
  timeoutMs?: number,
): readonly number[] {
  const served: number[] = [];
  for (const [share, count] of calls) {
    admission.arrive();
    let ofOne = 0;
    for (let i = 0; i < count; i++) {
      const isServed = admission.admits(share, timeoutMs);
      loop.work(isServed ? servedMs : excessMs);
      if (isServed) ofOne += 1;
    }
    served.push(ofOne);
  }
  loop.endTurn();
  return served;
}

function open(waitMaxMs: number) {
  const loop = new Loop();
  return { loop, admission: new Admission(waitMaxMs, loop) };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

describe("admission", () => {
  test("serves all that come while the loop comes back in time, however many they are at once", () => {
    const parts = open(10);
    const share = new Share();
    for (let i = 0; i < 100; i++) {
      expect(turn(parts, new Map([[share, 200]]))).toEqual([200]);
      parts.loop.rest(1);
    }
    expect(parts.admission.excess).toBe(0);
  });

  test("serves a burst that takes a whole second of an idle loop", () => {
    const parts = open(10);
    expect(turn(parts, new Map([[new Share(), 50_000]]))).toEqual([50_000]);
  });

  test("serves a burst behind another one when the loop had rested", () => {
    const parts = open(10);
    const share = new Share();
    turn(parts, new Map([[share, 1_000]]));
    parts.loop.rest(50);
    expect(turn(parts, new Map([[share, 1_000]]))).toEqual([1_000]);
  });

  test("serves a hundred calls of each turn, however slow the machine is", () => {
    const parts = open(10);
    const share = new Share();
    for (let i = 0; i < 50; i++) {
      parts.loop.work(1_000);
      expect(turn(parts, new Map([[share, 100]]))).toEqual([100]);
    }
  });

  test("takes no longer than its budget for what it serves of three times what it can do, and turns away the rest", () => {
    const parts = open(10);
    const shares = [new Share(), new Share(), new Share()];
    let waitedMs = 10;
    let served = 0;
    const startMs = parts.loop.nowMs();
    for (let i = 0; i < 500; i++) {
      const before = parts.loop.nowMs();
      // 150,000 a second come, of which 50,000 can be served.
      const each = Math.ceil((waitedMs * 150) / shares.length);
      served += sum(turn(parts, new Map(shares.map((share) => [share, each]))));
      waitedMs = parts.loop.nowMs() - before;
      // After the first turns, which found out.
      if (i > 10) expect(waitedMs).toBeLessThan(20);
    }
    const perSecond = (1000 * served) / (parts.loop.nowMs() - startMs);
    // (1 - 3r) / (1 - r) of 50,000, where turning a call away costs r = a tenth of serving it.
    expect(perSecond).toBeGreaterThan((0.9 * (50_000 * 0.7)) / 0.9);
  });

  test("keeps a quarter of what callers wait", () => {
    const parts = open(10);
    const share = new Share();
    turn(parts, new Map([[share, 1_000]]));
    const [served = 0] = turn(parts, new Map([[share, 5_000]]), 20);
    expect(served * servedMs).toBeCloseTo(5, 0);
  });

  test("serves all of those who call little while one calls without end", () => {
    const parts = open(10);
    const polite = [new Share(), new Share(), new Share()];
    const greedy = new Share();
    let turnedAway = 0;
    for (let i = 0; i < 200; i++) {
      const calls = new Map([[greedy, 5_000], ...polite.map((one) => [one, 10] as const)]);
      const [, ...ofPolite] = turn(parts, calls);
      if (i >= 10) turnedAway += 30 - sum(ofPolite);
    }
    expect(turnedAway).toBe(0);
    expect(parts.admission.excess).toBeGreaterThan(100_000);
  });

  test("serves all again soon after the flood is over", () => {
    const parts = open(10);
    const share = new Share();
    for (let i = 0; i < 100; i++) turn(parts, new Map([[share, 5_000]]));
    const { excess } = parts.admission;
    expect(excess).toBeGreaterThan(0);
    let lastExcessAt = -1;
    for (let i = 0; i < 100; i++) {
      parts.loop.rest(1);
      const [served] = turn(parts, new Map([[share, 200]]));
      if (served !== 200) lastExcessAt = i;
    }
    expect(lastExcessAt).toBeLessThan(30);
  });
});

describe("a call beyond what can be carried", () => {
  const excess: DirectHandler = (_bytes, _start, _end, one) =>
    one.fail(new GrpcError(Status.RESOURCE_EXHAUSTED, "too many"));
  const direct: DirectHandler = (_bytes, _start, _end, one) =>
    one.reply(Buffer.from("ok"), 2, copy);

  function flood(methods: { readonly excess?: ReadonlyMap<string, DirectHandler> }) {
    const { loop, admission } = open(10);
    const wire = Wire.greeted({
      admission,
      concurrentStreamsMax: 10_000,
      methods: {
        direct: new Map([
          [
            unaryPath,
            (...all) => {
              loop.work(servedMs);
              direct(...all);
            },
          ],
        ]),
        ...methods,
      },
    });
    loop.work(100);
    loop.endTurn();
    const ids = Array.from({ length: 2_000 }, (_, i) => 1 + 2 * i);
    wire.send(...ids.map((id) => call(id)));
    return ids.map((id) => wire.answers.on(id).fields["grpc-status"]);
  }

  test("is answered at once by the method's own word for it", () => {
    const statuses = flood({ excess: new Map([[unaryPath, excess]]) });
    expect(statuses.filter((status) => status === "0")).toHaveLength(501);
    expect(statuses.filter((status) => status === "8")).toHaveLength(1_499);
  });

  test("is served when the method has no such word", () => {
    expect(new Set(flood({}))).toEqual(new Set(["0"]));
  });
});

describe("one connection", () => {
  test("is not read from for the rest of a turn in which it sent much", () => {
    const { loop, admission } = open(10);
    const direct: DirectHandler = (_bytes, _start, _end, one) =>
      one.reply(Buffer.from("ok"), 2, copy);
    const wire = Wire.greeted({
      admission,
      limits: { bytesPerTurnMax: 10_000 },
      methods: { direct: new Map([[unaryPath, direct]]) },
    });
    loop.endTurn();
    const much = message("x".repeat(6_000));
    wire.send(headers(1, requestFields()), lastData(1, much));
    expect(wire.isPaused).toBe(false);
    wire.send(headers(3, requestFields()), lastData(3, much));
    expect(wire.isPaused).toBe(true);
    loop.endTurn();
    expect(wire.isPaused).toBe(false);
    wire.send(headers(5, requestFields()), lastData(5, much));
    expect(wire.isPaused).toBe(false);
    expect([1, 3, 5].map((id) => wire.answers.on(id).fields["grpc-status"])).toEqual([
      "0",
      "0",
      "0",
    ]);
  });
});

function copy(value: Uint8Array, into: Buffer, at: number): number {
  into.set(value, at);
  return at + value.length;
}
