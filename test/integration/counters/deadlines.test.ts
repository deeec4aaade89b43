import { describe, expect, test } from "@jest/globals";
import type { CounterStore } from "../../../src/counters/store.ts";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { eventually } from "../../support/eventually.ts";
import { admission, increment } from "../../support/increments.ts";
import { startMemcached } from "../../support/memcached.ts";
import { startRedis } from "../../support/redis.ts";
import { redisSettings } from "../../support/shared-redis.ts";
import { connectedMemcache, connectedStore, stopping } from "../../support/stores.ts";

const cleanup = cleanupAfterEach();

/** A store whose server can be stopped, with all the patience that a test has. */
interface Hanging {
  readonly store: CounterStore;
  pause(): Promise<void> | void;
  resume(): void;
}

const kinds: readonly (readonly [string, () => Promise<Hanging>])[] = [
  [
    "Redis",
    async () => {
      const server = await cleanup.add(startRedis());
      const settings = redisSettings({ addresses: [server.address], commandTimeoutMs: 10_000 });
      const store = await cleanup.add(stopping(await connectedStore(settings)));
      return { store, pause: () => server.pause(), resume: () => server.resume() };
    },
  ],
  [
    "Memcached",
    async () => {
      const server = await cleanup.add(startMemcached());
      const settings = { servers: [server.address], commandTimeoutMs: 10_000 };
      const store = await cleanup.add(stopping(await connectedMemcache(settings)));
      return { store, pause: () => server.pause(), resume: () => server.resume() };
    },
  ],
];

const late = { code: "STORE_TIMEOUT", reason: "timeout" };

/** How long it took until the call failed for want of time. */
async function failsAfterMs(
  call: (deadlineMs: number) => Promise<unknown>,
  ms: number,
): Promise<number> {
  const startedMs = performance.now();
  await expect(call(startedMs + ms)).rejects.toMatchObject(late);
  return performance.now() - startedMs;
}

describe.each(kinds)("calls to a %s that hangs", (_, open) => {
  test("end when their own time is over, each by itself, and not a moment before", async () => {
    const { store, pause, resume } = await open();
    await pause();
    const times = [20, 60, 35, 60, 90];
    const took = await Promise.all(
      times.map((ms, i) =>
        failsAfterMs(
          (deadlineMs) =>
            i === 3
              ? store.admitAll([admission({ key: "a" })], deadlineMs)
              : store.incrementAll([increment({ key: "a" })], deadlineMs),
          ms,
        ),
      ),
    );
    resume();
    took.forEach((tookMs, i) => {
      expect(tookMs).toBeGreaterThanOrEqual(times[i] as number);
      // Far less than the store's own patience.
      expect(tookMs).toBeLessThan((times[i] as number) + 1_000);
    });
  });

  test("that have time get their totals when it is back, also beside others that had none", async () => {
    const { store, pause, resume } = await open();
    await store.incrementAll([increment({ key: "a" })]);
    await pause();
    const patient = store.incrementAll([increment({ key: "a", hits: 5 })]);
    await failsAfterMs(
      (deadlineMs) => store.incrementAll([increment({ key: "a" })], deadlineMs),
      20,
    );
    resume();
    const [total = 0] = await patient;
    // The hit of the other one may have been counted, before it or after it.
    expect([6, 7]).toContain(total);
  });

  test("that were not sent before their time was over never are", async () => {
    const { store, pause, resume } = await open();
    await pause();
    for (let i = 0; i < 20; i++) {
      await failsAfterMs(
        (deadlineMs) => store.incrementAll([increment({ key: "a" })], deadlineMs),
        5,
      );
    }
    resume();
    // At most four batches were on their way, with one hit in each, when the first of those that wait would have been sent.
    await eventually(async () => {
      const [total] = await store.incrementAll([increment({ key: "a" })]);
      expect(total).toBeLessThanOrEqual(5);
    });
  });
});
