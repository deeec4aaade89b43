import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, jest, test } from "@jest/globals";
import type { RedisSettings } from "../../../src/counters/redis-settings.ts";
import { createRedisStore } from "../../../src/counters/redis-store.ts";
import { Authority, type Identity } from "../../support/certificates.ts";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { eventually } from "../../support/eventually.ts";
import { increment } from "../../support/increments.ts";
import { keptLog } from "../../support/kept-log.ts";
import { startRedis } from "../../support/redis.ts";
import { startCluster } from "../../support/redis-groups.ts";
import { redisSettings } from "../../support/shared-redis.ts";
import { connectedStore, stopping } from "../../support/stores.ts";
import { heldTls } from "../../support/tls-material.ts";

jest.setTimeout(60_000);

const cleanup = cleanupAfterEach();
const authority = new Authority("Redis CA");
const other = new Authority("Other CA");
const hourMs = 3_600_000;
const past = { from: new Date(Date.now() - 2 * hourMs), to: new Date(Date.now() - hourMs) };

/** A Redis that asks for certificates. */
const start = (shown: Identity = authority.issue(), asker = authority.issue()) =>
  cleanup.add(startRedis({ tls: { ...shown, ca: authority.cert, asker } }));

const trusting = (ca: string, shown?: Identity, skipHostnameVerification = false) => ({
  source: heldTls({ ca, ...shown }),
  skipHostnameVerification,
});

const localhost = ({ port }: { readonly port: number }) => [{ host: "localhost", port }];

/** Why a store with these settings does not connect, as the log has it. */
async function refusalOf(settings: Partial<RedisSettings>): Promise<unknown> {
  const log = keptLog();
  const patient = { connectTimeoutMs: 20_000, ...settings };
  await cleanup.add(stopping(createRedisStore(redisSettings(patient), { log })));
  await eventually(() => log.lines.length > 0, { timeoutMs: 30_000 });
  return log.lines[0]?.fields["reason"];
}

async function countThrough(settings: Partial<RedisSettings>): Promise<readonly number[]> {
  const store = await cleanup.add(stopping(await connectedStore(redisSettings(settings))));
  return store.incrementAll([increment({ key: "a" })]);
}

describe("a Redis that asks for certificates", () => {
  test("counts for who shows one of its CA", async () => {
    const { address } = await start();
    const tls = trusting(authority.cert, authority.issue());
    expect(await countThrough({ addresses: localhost(address), tls })).toEqual([1]);
    expect(await countThrough({ addresses: [address], tls })).toEqual([2]);
  });

  const clients: readonly (readonly [string, Identity | undefined, string])[] = [
    ["none", undefined, "the server asks for a certificate, and none is shown"],
    [
      "one of another CA",
      other.issue(),
      "the server does not trust the CA of the certificate that is shown to it",
    ],
    [
      "one that has expired",
      authority.issue(past),
      "to the server, the certificate that is shown to it has expired",
    ],
    [
      "one for servers",
      authority.issue({ purpose: "server" }),
      "the server refuses the certificate that is shown to it: it is not meant for clients",
    ],
  ];
  /** What the server says may be lost: our first command fails while its word is on the way. */
  const early =
    "the server closed the connection after the TLS handshake, as it does when it refuses the certificate that is shown to it, or wants one";
  test.each(clients)("refuses who shows %s, and the log says so", async (_what, shown, reason) => {
    const { address } = await start();
    const tls = trusting(authority.cert, shown);
    expect([reason, early]).toContain(await refusalOf({ addresses: localhost(address), tls }));
  });
});

describe("a Redis is refused, and the log says so, when its certificate", () => {
  const servers: readonly (readonly [string, Identity, ca: string, RegExp])[] = [
    ["is of a CA that is not trusted", authority.issue(), other.cert, /self-signed certificate/],
    ["has expired", authority.issue(past), authority.cert, /certificate has expired$/],
    [
      "has another name",
      authority.issue({ names: ["redis.example.com"] }),
      authority.cert,
      /does not match certificate's altnames/,
    ],
    [
      "is for clients",
      authority.issue({ purpose: "client" }),
      authority.cert,
      /unsuitable certificate purpose$/,
    ],
  ];
  test.each(servers)("%s", async (_what, shown, ca, text) => {
    const { address } = await start(shown);
    const tls = trusting(ca, authority.issue());
    const reason = await refusalOf({ addresses: localhost(address), tls });
    expect(reason).toMatch(/^the server's certificate is refused: /);
    expect(reason).toMatch(text);
  });
});

test("without names, any name will do, but no other CA", async () => {
  const { address } = await start(authority.issue({ names: ["redis.example.com"] }));
  const shown = authority.issue();
  const addresses = localhost(address);
  expect(await countThrough({ addresses, tls: trusting(authority.cert, shown, true) })).toEqual([
    1,
  ]);
  expect(await refusalOf({ addresses, tls: trusting(other.cert, shown, true) })).toMatch(
    /^the server's certificate is refused: /,
  );
});

test("a CA and a certificate that change are used for the next connection, and those that stand go on", async () => {
  // The server learns of the next CA with its restart.
  const next = new Authority("Next CA");
  const asker = { ...authority.issue() };
  const redis = await start(authority.issue(), asker);
  const source = heldTls({ ca: authority.cert, ...authority.issue() });
  const settings = redisSettings({
    addresses: localhost(redis.address),
    tls: { source, skipHostnameVerification: false },
  });
  const store = await cleanup.add(stopping(await connectedStore(settings)));
  const count = () => store.incrementAll([increment({ key: "a" })]);
  expect(await count()).toEqual([1]);

  source.put({ ca: next.cert, ...next.issue() });
  expect(await count()).toEqual([2]);
  await redis.kill();
  Object.assign(asker, next.issue());
  const files = { ...next.issue(), ca: next.cert };
  writeFileSync(join(redis.directory, "tls.crt"), files.cert);
  writeFileSync(join(redis.directory, "tls.key"), files.key);
  writeFileSync(join(redis.directory, "ca.crt"), files.ca);
  await redis.restart();
  await eventually(async () => expect(await count()).toEqual([1]), { timeoutMs: 20_000 });
});

test("the nodes of a cluster are all reached by TLS", async () => {
  const cluster = await cleanup.add(
    startCluster({ tls: { ...authority.issue(), ca: authority.cert, asker: authority.issue() } }),
  );
  const addresses = cluster.masters.map(({ address }) => address);
  const settings = redisSettings({
    topology: "cluster",
    addresses: addresses.slice(0, 1),
    tls: trusting(authority.cert, authority.issue()),
  });
  const store = await cleanup.add(stopping(await connectedStore(settings)));
  const keys = Array.from({ length: 30 }, (_, i) => increment({ key: `key-${i}` }));
  expect(await store.incrementAll(keys)).toEqual(keys.map(() => 1));
  for (const master of cluster.masters) expect(await master.ask("DBSIZE")).not.toBe(0);
});
