import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { createRedisStore } from "../../../src/counters/redis-store.ts";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { eventually } from "../../support/eventually.ts";
import { increment } from "../../support/increments.ts";
import { keptLog } from "../../support/kept-log.ts";
import { startRedis } from "../../support/redis.ts";
import { temporaryDirectory } from "../../support/rule-directory.ts";
import { redisSettings } from "../../support/shared-redis.ts";
import { connectedStore, stopping } from "../../support/stores.ts";

const cleanup = cleanupAfterEach();
const hit = [increment({ key: "a" })];

/** A Redis whose default user and `gate` have that password, and a file. */
async function start(password: string) {
  const config = [`user gate on >${password} ~* +@all`];
  const redis = await cleanup.add(startRedis({ password, config }));
  const path = join(temporaryDirectory(), "auth");
  const credentials = { setting: "REDIS_AUTH_FILE", path };
  return { path, redis, settings: redisSettings({ addresses: [redis.address], credentials }) };
}

describe("credentials in a file", () => {
  test.each([
    ["a password", "opensesame"],
    ["a password and a line break", "opensesame\n"],
    ["a user and a password", "gate:opensesame\r\n"],
  ])("may be %s", async (_what, text) => {
    const { path, settings } = await start("opensesame");
    writeFileSync(path, text);
    const store = await cleanup.add(stopping(await connectedStore(settings)));
    expect(await store.incrementAll(hit)).toEqual([1]);
  });

  test.each<[string, string | undefined, RegExp]>([
    ["is not there", undefined, /^REDIS_AUTH_FILE: ".*auth" cannot be read \(ENOENT\)$/],
    [
      "is empty",
      "\n",
      /^REDIS_AUTH_FILE: ".*auth" holds no password; accepted: password or user:password$/,
    ],
    ["holds a user alone", "gate:", /holds no password/],
    ["holds the wrong password", "opensezame", /^WRONGPASS /],
  ])("when it %s, the log says so, without what is in it", async (_what, text, reason) => {
    const { path, settings } = await start("opensesame");
    if (text !== undefined) writeFileSync(path, text);
    const log = keptLog();
    await cleanup.add(stopping(createRedisStore(settings, { log })));
    await eventually(() => expect(log.lines[0]?.fields["reason"]).toMatch(reason));
    expect(JSON.stringify(log.lines)).not.toContain("opense");
  });

  test("are read again for each new connection", async () => {
    const { path, settings, redis } = await start("first");
    writeFileSync(path, "gate:first");
    const store = await cleanup.add(stopping(await connectedStore(settings)));
    expect(await store.incrementAll(hit)).toEqual([1]);
    rmSync(path);
    writeFileSync(path, "gate:second");
    await redis.ask("ACL", "SETUSER", "gate", "resetpass", ">second");
    await redis.ask("CLIENT", "KILL", "TYPE", "normal");
    await eventually(async () => expect(await store.incrementAll(hit)).toEqual([2]));
  });
});
