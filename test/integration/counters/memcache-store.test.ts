import { Resolver } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { systemClock } from "../../../src/clock.ts";
import { memcacheKey, serverOf } from "../../../src/counters/memcache/key.ts";
import { createMemcacheStore, type MemcacheStore } from "../../../src/counters/memcache/store.ts";
import type { Increment } from "../../../src/decision/increment.ts";
import { HeldTls, tlsMaterial } from "../../../src/tls/source.ts";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { startDns } from "../../support/dns-server.ts";
import { eventually } from "../../support/eventually.ts";
import { increment } from "../../support/increments.ts";
import { keptLog } from "../../support/kept-log.ts";
import { type MemcachedServer, startMemcached } from "../../support/memcached.ts";
import { freePort } from "../../support/ports.ts";
import { connectedMemcache, memcacheSettings, stopping } from "../../support/stores.ts";

const cleanup = cleanupAfterEach();

let server: MemcachedServer;
let store: MemcacheStore;

beforeEach(async () => {
  server = await cleanup.add(startMemcached());
  store = await cleanup.add(stopping(await connectedMemcache({ servers: [server.address] })));
});

/** The value under a key, as the server has it. */
async function heldBy(key: string, from = server): Promise<string | undefined> {
  return /^VALUE .*\r\n(.*)\r\nEND$/.exec(await from.ask(`get ${key}`))?.[1];
}

/** The seconds that a counter still lives, by the server's own word (its meta protocol). */
async function ttlOf(key: string): Promise<number> {
  return Number(/^HD t(-?\d+)$/.exec(await server.ask(`mg ${key} t`))?.[1]);
}

/** How often the server was sent each command. */
async function commandCounts(): Promise<Record<string, number>> {
  const stats = await server.ask("stats");
  const counts = [
    ...stats.matchAll(/STAT (incr_hits|incr_misses|decr_hits|cmd_set|cmd_get) (\d+)/g),
  ];
  return Object.fromEntries(counts.map(([, name, count]) => [name, Number(count)]));
}

const count = async (changes: Partial<Increment> & { readonly key: string }) =>
  (await store.incrementAll([increment(changes)]))[0];

describe("commands", () => {
  test("are one for all hits of a key that come together, and two more only for a new counter", async () => {
    const hits = (n: number) =>
      Promise.all(Array.from({ length: n }, () => store.incrementAll([increment({ key: "hot" })])));
    // The first one makes the counter; the others wait for it and go together.
    expect((await hits(100)).flat()).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(await commandCounts()).toMatchObject({ incr_misses: 1, cmd_set: 1, incr_hits: 1 });
    await hits(50);
    expect(await commandCounts()).toMatchObject({ incr_misses: 1, cmd_set: 1, incr_hits: 3 });
    expect(await heldBy("hot")).toBe("150");
    expect(store.commands).toMatchObject({
      incrementMiss: 1,
      addSuccess: 1,
      incrementSuccess: 3,
      addNotStored: 0,
      keysRequested: 0,
    });
  });

  test("of two instances that make a counter at once count all hits", async () => {
    const other = await cleanup.add(
      stopping(await connectedMemcache({ servers: [server.address] })),
    );
    for (let round = 0; round < 50; round++) {
      const key = `race${round}`;
      const totals = await Promise.all(
        [store, other, store, other].map((one) => one.incrementAll([increment({ key, hits: 2 })])),
      );
      expect(totals.flat().toSorted((a, b) => Number(a) - Number(b))).toEqual([2, 4, 6, 8]);
    }
    const notStored = store.commands.addNotStored + other.commands.addNotStored;
    expect(notStored).toBeGreaterThan(0);
  });

  test("write keys byte for byte as callers sent them, or their hash", async () => {
    await store.incrementAll([
      increment({ key: "ä_\udce4\udcff_1", hits: 3 }),
      increment({ key: "a b", hits: 4 }),
    ]);
    expect(await heldBy("\xc3\xa4_\xe4\xff_1")).toBe("3");
    expect(await heldBy(memcacheKey("a b"))).toBe("4");
  });

  test("look and give back as documented", async () => {
    expect(await count({ key: "a", hits: 0 })).toBe(0);
    expect(await count({ key: "a", hits: -3 })).toBe(0);
    expect(await heldBy("a")).toBeUndefined();
    await count({ key: "a", hits: 12 });
    expect(await count({ key: "a", hits: -5 })).toBe(7);
    // Memcached keeps the length of what was there.
    expect(await heldBy("a")).toBe("7 ");
    expect(await count({ key: "a", hits: 0 })).toBe(7);
    expect(await count({ key: "a" })).toBe(8);
  });
});

describe("a counter's lifetime", () => {
  test.each([
    ["a second", 1],
    ["a minute and its jitter", 345],
    ["30 days, the most that is relative", 2_592_000],
    ["a month of 31 days and its jitter", 2_678_700],
    ["a year and its jitter", 31_536_299],
  ])("is that of the increment that made it: %s", async (_, ttlSeconds) => {
    expect(await count({ key: "a", ttlSeconds })).toBe(1);
    expect(await count({ key: "a", ttlSeconds: 5 })).toBe(2);
    const ttl = await ttlOf("a");
    expect(ttl).toBeGreaterThanOrEqual(ttlSeconds - 1);
    expect(ttl).toBeLessThanOrEqual(ttlSeconds + 3);
  });
});

describe("what is in the reference's counters", () => {
  test("is counted on, with the expiry that it has", async () => {
    await server.ask("add d_k_v_60 0 345 2\r\n41");
    expect(await count({ key: "d_k_v_60" })).toBe(42);
    expect(await ttlOf("d_k_v_60")).toBeGreaterThan(340);
  });

  test("is where the reference put it, over two servers", async () => {
    const second = await cleanup.add(startMemcached());
    const servers = [server, second];
    const both = await connectedMemcache({ servers: servers.map(({ address }) => address) });
    await cleanup.add(stopping(both));
    const keys = Array.from({ length: 40 }, (_, i) => `d_k_${i}_60`);
    await both.incrementAll(keys.map((key, i) => increment({ key, hits: i + 1 })));
    for (const [i, key] of keys.entries()) {
      const place = serverOf(key, 2);
      expect(await heldBy(key, servers[place])).toBe(String(i + 1));
      expect(await heldBy(key, servers[1 - place])).toBeUndefined();
    }
  });
});

describe("a counter", () => {
  test("that holds something else fails its calls, and no others", async () => {
    await server.ask("set text 0 0 4\r\nmany");
    const failed = (hits: number) => count({ key: "text", hits }).then(String, String);
    const good = count({ key: "good" });
    expect(await failed(1)).toBe("VelocityGateError: Memcached refused a command: CLIENT_ERROR");
    expect(await failed(0)).toBe(
      "VelocityGateError: a counter in Memcached holds something that is not a number",
    );
    expect(await failed(-1)).toBe("VelocityGateError: Memcached refused a command: CLIENT_ERROR");
    expect(await good).toBe(1);
    expect(store.refusedCommands).toBe(2);
    expect(store.isConnected).toBe(true);
  });

  test("never starts again from 0, however much is added to it", async () => {
    const all = Number.MAX_SAFE_INTEGER;
    expect(await count({ key: "near", hits: 1 })).toBe(1);
    await server.ask(`set near 0 0 19\r\n${2n ** 63n - 1n}`);
    for (let i = 0; i < 3; i++) expect(await count({ key: "near", hits: all })).toBe(all);
    await eventually(async () => {
      expect(BigInt((await heldBy("near"))?.trim() ?? 0)).toBe(2n ** 63n - 1n);
    });
  });
});

describe("a server that refuses", () => {
  test("is told once in the log and counted", async () => {
    // Full, and not allowed to make room.
    const full = await cleanup.add(startMemcached({ args: ["-M", "-m", "2"] }));
    const log = keptLog();
    const crowded = await connectedMemcache({ servers: [full.address] }, { log });
    await cleanup.add(stopping(crowded));
    const told = log.lines.length;
    const filler = "x".repeat(500_000);
    for (let i = 0; i < 10; i++) await full.ask(`set filler${i} 0 0 500000\r\n${filler}`);
    const outcomes = new Set<string>();
    await eventually(async () => {
      const increments = Array.from({ length: 500 }, (_, i) =>
        increment({ key: `${"k".repeat(200)}${outcomes.size}${Math.random()}${i}` }),
      );
      const calls = increments.map((each) => crowded.incrementAll([each]).then(String, String));
      for (const outcome of await Promise.all(calls)) outcomes.add(outcome);
      expect(outcomes).toContain("VelocityGateError: Memcached refused a command: SERVER_ERROR");
    });
    expect(log.lines.slice(told)).toEqual([
      {
        level: "warn",
        message: "Memcached refuses commands",
        fields: { node: `127.0.0.1:${full.address.port}`, kind: "SERVER_ERROR" },
      },
    ]);
    expect(crowded.refusedCommands).toBe(crowded.commands.addError);
  }, 20_000);
});

describe("a connection", () => {
  test("goes through a Unix socket", async () => {
    const path = join(tmpdir(), `velocitygate-memcached-${process.pid}-${await freePort()}.sock`);
    const local = await cleanup.add(startOnSocket(path));
    expect(await local.incrementAll([increment({ key: "a" })])).toEqual([1]);
  });

  async function startOnSocket(path: string) {
    const { startProcess } = await import("../../support/processes.ts");
    const { executableOf, memcached } = await import("../../../.ci/setup/test-servers.js");
    const user = process.getuid?.() === 0 ? ["-u", "root"] : [];
    const running = startProcess(executableOf(memcached), ["-s", path, "-t", "1", ...user]);
    await cleanup.add({ stop: () => running.kill() });
    return stopping(await connectedMemcache({ servers: [path] }));
  }

  const folder = join(import.meta.dirname, "../../support/tls");
  const pem = (name: string) => readFileSync(join(folder, name), "utf8");

  async function startTls(certificate: "server" | "elsewhere", args: readonly string[] = []) {
    return cleanup.add(
      startMemcached({
        usesTls: true,
        args: [
          "-Z",
          ...["-o", `ssl_chain_cert=${join(folder, `${certificate}.crt`)}`],
          ...["-o", `ssl_key=${join(folder, `${certificate}.key`)}`],
          ...args,
        ],
      }),
    );
  }

  const tlsOf = (skipHostnameVerification: boolean, withCertificate = false) => ({
    source: new HeldTls(
      tlsMaterial({
        ca: pem("ca.crt"),
        cert: withCertificate ? pem("client.crt") : undefined,
        key: withCertificate ? pem("client.key") : undefined,
      }),
    ),
    skipHostnameVerification,
  });

  async function refusalOf(address: MemcachedServer["address"], tls: ReturnType<typeof tlsOf>) {
    const log = keptLog();
    const settings = memcacheSettings({ servers: [address], tls });
    const failing = createMemcacheStore(settings, { log, clock: systemClock });
    await cleanup.add(stopping(failing));
    await eventually(() => log.lines.length > 0);
    return JSON.stringify(log.lines[0]);
  }

  test("by TLS trusts the CA that is set, and wants the server's name in its certificate", async () => {
    const right = await startTls("server");
    const secure = await connectedMemcache({ servers: [right.address], tls: tlsOf(false) });
    await cleanup.add(stopping(secure));
    expect(await secure.incrementAll([increment({ key: "a" })])).toEqual([1]);

    const wrong = await startTls("elsewhere");
    expect(await refusalOf(wrong.address, tlsOf(false))).toContain("altnames");
    const lenient = await connectedMemcache({ servers: [wrong.address], tls: tlsOf(true) });
    await cleanup.add(stopping(lenient));
    expect(await lenient.incrementAll([increment({ key: "a" })])).toEqual([1]);
  });

  test("by TLS shows the client's certificate", async () => {
    const args = ["-o", "ssl_verify_mode=2", "-o", `ssl_ca_cert=${join(folder, "ca.crt")}`];
    const strict = await startTls("server", args);
    const known = await connectedMemcache({ servers: [strict.address], tls: tlsOf(false, true) });
    await cleanup.add(stopping(known));
    expect(await known.incrementAll([increment({ key: "a" })])).toEqual([1]);
    expect(await refusalOf(strict.address, tlsOf(false))).toContain("Memcached cannot be reached");
  });
});

describe("servers that an SRV record names", () => {
  test("are found by DNS, followed when they change, and kept while there is no answer", async () => {
    const second = await cleanup.add(startMemcached());
    const dns = await cleanup.add(startDns());
    const resolver = new Resolver({ timeout: 200, tries: 2 });
    resolver.setServers([dns.address]);
    const log = keptLog();
    const servers = { record: "_memcache._tcp.example.org", refreshMs: 20 };
    const named = createMemcacheStore(memcacheSettings({ servers }), {
      log,
      clock: systemClock,
      resolveSrv: (record) => resolver.resolveSrv(record),
    });
    await cleanup.add(stopping(named));
    await eventually(() => dns.asked.length > 0);
    await expect(named.incrementAll([increment({ key: "a" })])).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: "no Memcached server is known yet",
    });

    const target = ({ address }: MemcachedServer) => ({ name: "localhost", port: address.port });
    dns.answer([target(server)]);
    await named.firstConnection;
    const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
    const all = () => named.incrementAll(keys.map((key) => increment({ key })));
    expect(await all()).toEqual(keys.map(() => 1));

    dns.answer([target(second), target(server)]);
    const order = [server, second].toSorted((a, b) =>
      `localhost.:${a.address.port}` < `localhost.:${b.address.port}` ? -1 : 1,
    );
    const moved = (key: string) => order[serverOf(key, 2)] === second;
    await eventually(() => expect(named.connections.active).toBe(2));
    expect(await all()).toEqual(keys.map((key) => (moved(key) ? 1 : 2)));

    dns.answer([]);
    const asked = dns.asked.length;
    await eventually(() => dns.asked.length > asked + 2);
    expect(await all()).toEqual(keys.map((key) => (moved(key) ? 2 : 3)));
    dns.answer([target(second)]);
    await eventually(() => expect(named.connections.active).toBe(1));
    expect(new Set(dns.asked)).toEqual(new Set(["_memcache._tcp.example.org"]));
    expect(JSON.stringify(log.lines)).toContain("ENOTFOUND");
  }, 20_000);
});
