import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { eventually } from "../../support/eventually.ts";
import { type RedisServer, startRedis } from "../../support/redis.ts";
import { temporaryDirectory } from "../../support/rule-directory.ts";
import { startInProcess } from "../../support/running-app.ts";
import { sharedRedis } from "../../support/shared-redis.ts";

const cleanup = cleanupAfterEach();
const rules = {
  "rules.yaml": `domain: d
descriptors:
  - { key: day, rate_limit: { unit: day, requests_per_unit: 1000000 } }
  - { key: second, rate_limit: { unit: second, requests_per_unit: 1000000 } }
`,
};

const text = ({ host, port }: RedisServer["address"]) => `${host}:${port}`;

function authFile(): string {
  const path = join(temporaryDirectory(), "auth");
  writeFileSync(path, "opensesame\n");
  return path;
}

async function counts(settings: Readonly<Record<string, string>>): Promise<void> {
  const app = await cleanup.add(
    startInProcess({ rules, settings: { REDIS_URL: text(sharedRedis().single), ...settings } }),
  );
  await eventually(async () => {
    for (const entry of ["day=v", "second=v"]) expect((await app.ask(entry)).overallCode).toBe(1);
  });
}

const uses = [
  ["REDIS", {}],
  ["REDIS_PERSECOND", { REDIS_PERSECOND: "true" }],
] as const;

test.each(uses)("%s_AUTH_FILE holds the password", async (prefix, own) => {
  const { address } = await cleanup.add(startRedis({ password: "opensesame" }));
  const named = { [`${prefix}_URL`]: text(address), [`${prefix}_AUTH_FILE`]: authFile() };
  await counts({ ...own, ...named });
});

test.each(uses)(
  "%s_SENTINEL_AUTH_FILE holds the password of the Sentinels",
  async (prefix, own) => {
    const server = await cleanup.add(startRedis());
    const config = [`sentinel monitor m 127.0.0.1 ${server.address.port} 1`];
    const sentinel = await cleanup.add(
      startRedis({ isSentinel: true, password: "opensesame", config }),
    );
    await counts({
      ...own,
      [`${prefix}_TYPE`]: "SENTINEL",
      [`${prefix}_URL`]: `m,${text(sentinel.address)}`,
      [`${prefix}_SENTINEL_AUTH_FILE`]: authFile(),
    });
  },
);
