import { expect, test } from "@jest/globals";
import { createRedisStore } from "../../../src/counters/redis-store.ts";
import { keptLog } from "../../support/kept-log.ts";
import { freePort } from "../../support/ports.ts";
import { redisSettings, sharedSettings } from "../../support/shared-redis.ts";
import { connectedStore } from "../../support/stores.ts";

test.each(["single", "sentinel", "cluster"] as const)(
  "a Redis that is %s tells its time",
  async (topology) => {
    const store = await connectedStore(sharedSettings(topology));
    const before = Date.now();
    const told = await store.askTimeMs();
    // It is a process of this machine; between the two looks at the clock, but for what is cut off.
    expect(told).toBeGreaterThan(before - 2);
    expect(told).toBeLessThan(Date.now() + 2);
    await store.close();
  },
);

test("one that is not there tells none", async () => {
  const addresses = [{ host: "127.0.0.1", port: await freePort() }];
  const store = createRedisStore(redisSettings({ addresses }), { log: keptLog() });
  store.firstConnection.catch(() => undefined);
  await expect(store.askTimeMs()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  await store.close();
});
