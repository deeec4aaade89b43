import { describe, expect, test } from "@jest/globals";
import { Connectivity } from "../../../src/counters/connectivity.ts";
import type { RedisStartup } from "../../../src/counters/redis-settings.ts";
import { keptLog } from "../../support/kept-log.ts";

const patient: RedisStartup = { initialMs: 1_000, maxMs: 30_000, maxElapsedMs: 0 };

function connectivityAt(startup = patient, random = () => 0.999_999) {
  const clock = { ms: 0 };
  const log = keptLog();
  const connectivity = new Connectivity(
    log,
    { kind: "Redis", name: "redis:6379" },
    startup,
    random,
    () => clock.ms,
  );
  const fail = () => Math.round(connectivity.disconnected("refused"));
  return { clock, log, connectivity, fail };
}

const messages = ({ lines }: ReturnType<typeof keptLog>) => lines.map(({ message }) => message);

describe("pauses between attempts", () => {
  test("double until the first connection, up to what the operator allows", () => {
    const { fail } = connectivityAt();
    expect([fail(), fail(), fail(), fail(), fail(), fail(), fail()]).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
    ]);
  });

  test("are short once there has been a connection", () => {
    const { connectivity, clock, fail } = connectivityAt();
    fail();
    connectivity.connected();
    clock.ms += 10_000;
    expect([fail(), fail(), fail(), fail(), fail(), fail(), fail()]).toEqual([
      50, 100, 200, 400, 800, 1_000, 1_000,
    ]);
  });

  test("go on growing while connections do not last", () => {
    const { connectivity, clock, fail } = connectivityAt();
    connectivity.connected();
    clock.ms += 2_000;
    const pauses = [fail()];
    for (let i = 0; i < 3; i++) {
      connectivity.connected();
      clock.ms += 100;
      pauses.push(fail());
    }
    expect(pauses).toEqual([50, 100, 200, 400]);
  });

  test("are random by half", () => {
    const { fail } = connectivityAt(patient, () => 0);
    expect([fail(), fail()]).toEqual([500, 1_000]);
  });
});

describe("the log", () => {
  test("tells changes, not attempts", () => {
    const { connectivity, log, clock, fail } = connectivityAt();
    for (let i = 0; i < 10; i++) fail();
    connectivity.connected();
    connectivity.connected();
    clock.ms += 1_000;
    for (let i = 0; i < 10; i++) fail();
    expect(messages(log)).toEqual([
      "Redis cannot be reached; trying again",
      "Redis is connected",
      "Redis cannot be reached; trying again",
    ]);
    expect(log.lines[0]?.fields).toEqual({ redis: "redis:6379", reason: "refused" });
  });

  test("is reminded of an outage every half minute", () => {
    const { log, clock, fail } = connectivityAt();
    for (; clock.ms < 90_000; clock.ms += 1_000) fail();
    expect(messages(log)).toHaveLength(3);
  });
});

describe("listeners", () => {
  test("hear of changes only, until they have heard enough", () => {
    const { connectivity, fail } = connectivityAt();
    const heard: boolean[] = [];
    const stop = connectivity.onChange((isConnected) => heard.push(isConnected));
    fail();
    connectivity.connected();
    connectivity.connected();
    fail();
    fail();
    stop();
    connectivity.connected();
    expect(heard).toEqual([true, false]);
  });
});

describe("the first connection", () => {
  test("is waited for as long as the operator allows, and not a pause longer", async () => {
    const { connectivity, clock, fail } = connectivityAt({ ...patient, maxElapsedMs: 5_000 });
    fail();
    clock.ms = 1_000;
    fail();
    clock.ms = 3_000;
    fail();
    await expect(connectivity.firstConnection).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: "Redis could not be reached: refused",
    });
  });

  test("is waited for without an end otherwise", async () => {
    const { connectivity, clock, fail } = connectivityAt();
    for (clock.ms = 0; clock.ms < 1e9; clock.ms += 1e7) fail();
    connectivity.connected();
    await connectivity.firstConnection;
  });
});
