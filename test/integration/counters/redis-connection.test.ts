import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createServer } from "node:tls";
import { describe, expect, test } from "@jest/globals";
import type { RedisSettings } from "../../../src/counters/redis-settings.ts";
import { createRedisStore } from "../../../src/counters/redis-store.ts";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { eventually } from "../../support/eventually.ts";
import { increment } from "../../support/increments.ts";
import { keptLog } from "../../support/kept-log.ts";
import { freePort } from "../../support/ports.ts";
import { startRedis } from "../../support/redis.ts";
import { redisSettings } from "../../support/shared-redis.ts";
import { connectedStore, stopping } from "../../support/stores.ts";
import { heldTls } from "../../support/tls-material.ts";

const cleanup = cleanupAfterEach();
const hit = [increment({ key: "a" })];

async function countThrough(settings: Partial<RedisSettings>): Promise<readonly number[]> {
  const store = await cleanup.add(stopping(await connectedStore(redisSettings(settings))));
  return store.incrementAll(hit);
}

/** Why a store with these settings does not connect, as the log has it. */
async function refusalOf(settings: Partial<RedisSettings>): Promise<string> {
  const log = keptLog();
  const store = createRedisStore(redisSettings(settings), { log });
  await cleanup.add(stopping(store));
  await eventually(() => log.lines.length > 0);
  expect(store.isConnected).toBe(false);
  return JSON.stringify(log.lines[0]);
}

describe("a connection", () => {
  test("goes through a Unix socket", async () => {
    const path = `/tmp/velocitygate-${process.pid}-${await freePort()}.sock`;
    const server = await cleanup.add(startRedis({ config: [`unixsocket ${path}`] }));
    expect(await countThrough({ socketPath: path })).toEqual([1]);
    expect(await server.ask("GET", "a")).toBe("1");
  });

  test("uses the database that is set", async () => {
    const server = await cleanup.add(startRedis());
    expect(await countThrough({ addresses: [server.address], database: 3 })).toEqual([1]);
    expect(await server.ask("INFO", "keyspace")).toContain("db3:keys=1,expires=1");
  });

  test("is known to the server by name, where that is allowed", async () => {
    const server = await cleanup.add(startRedis());
    expect(await countThrough({ addresses: [server.address] })).toEqual([1]);
    expect(await server.ask("CLIENT", "LIST")).toContain(" name=velocitygate ");
    await server.ask("ACL", "SETUSER", "default", "-client|setname");
    expect(await countThrough({ addresses: [server.address] })).toEqual([2]);
  });

  test("does not fall back to another database when there is none of that number", async () => {
    const server = await cleanup.add(startRedis());
    const refusal = await refusalOf({ addresses: [server.address], database: 99 });
    expect(refusal).toContain("ERR DB index is out of range");
  });
});

describe("a password", () => {
  const secret = "correct-horse";

  test("alone is that of the default user", async () => {
    const server = await cleanup.add(startRedis({ password: secret }));
    const credentials = { username: undefined, password: secret };
    expect(await countThrough({ addresses: [server.address], credentials })).toEqual([1]);
  });

  test("with a name is that of the user", async () => {
    const config = [`user gate on >${secret} ~* +@all`];
    const server = await cleanup.add(startRedis({ config }));
    const credentials = { username: "gate", password: secret };
    expect(await countThrough({ addresses: [server.address], credentials })).toEqual([1]);
    expect(await server.ask("ACL", "LOG")).toEqual([]);
  });

  test("that is wrong or missing is told in the log, and is not told itself", async () => {
    const server = await cleanup.add(startRedis({ password: secret }));
    const addresses = [server.address];
    const credentials = { username: "gate", password: "wrong-horse" };
    const refusal = await refusalOf({ addresses, credentials });
    expect(refusal).toContain("WRONGPASS invalid username-password pair or user is disabled.");
    expect(refusal).not.toContain("horse");
    expect(await refusalOf({ addresses })).toContain("NOAUTH Authentication required.");
  });

  test("that the server does not ask for is refused by it", async () => {
    const server = await cleanup.add(startRedis());
    const credentials = { username: undefined, password: secret };
    const refusal = await refusalOf({ addresses: [server.address], credentials });
    expect(refusal).toContain("without any password configured");
    expect(refusal).not.toContain(secret);
  });

  test("for the Sentinels is another one", async () => {
    const server = await cleanup.add(startRedis());
    const config = [`sentinel monitor m 127.0.0.1 ${server.address.port} 1`];
    const sentinel = await cleanup.add(startRedis({ isSentinel: true, password: secret, config }));
    const settings = {
      topology: "sentinel",
      masterName: "m",
      addresses: [sentinel.address],
    } as const;
    const sentinelCredentials = { username: undefined, password: secret };
    expect(await countThrough({ ...settings, sentinelCredentials })).toEqual([1]);
    expect(await refusalOf(settings)).toContain("NOAUTH");
    expect(await refusalOf({ ...settings, masterName: "n", sentinelCredentials })).toContain(
      "it does not know this master",
    );
  });
});

describe("TLS", () => {
  const folder = join(import.meta.dirname, "../../support/tls");
  const pem = (name: string) => readFileSync(join(folder, name), "utf8");
  const ca = pem("ca.crt");
  const plain = { source: heldTls({ ca }), skipHostnameVerification: false };

  test("tells the server which name it is called by", async () => {
    const names: (string | false)[] = [];
    const server = createServer({ cert: pem("server.crt"), key: pem("server.key") }, (socket) => {
      names.push(socket.servername ?? false);
      socket.destroy();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await refusalOf({ addresses: [{ host: "localhost", port }], tls: plain });
    await refusalOf({ addresses: [{ host: "127.0.0.1", port }], tls: plain });
    await eventually(() => expect(new Set(names)).toEqual(new Set(["localhost", false])));
    server.close();
  });

  async function startTls(certificate: string, authClients: "yes" | "no") {
    const port = await freePort();
    const config = [
      `tls-port ${port}`,
      `tls-cert-file ${join(folder, `${certificate}.crt`)}`,
      `tls-key-file ${join(folder, `${certificate}.key`)}`,
      `tls-ca-cert-file ${join(folder, "ca.crt")}`,
      `tls-auth-clients ${authClients}`,
    ];
    await cleanup.add(startRedis({ config }));
    return [{ host: "127.0.0.1", port }];
  }

  test("trusts the CA that is set", async () => {
    expect(await countThrough({ addresses: await startTls("server", "no"), tls: plain })).toEqual([
      1,
    ]);
  });

  test("trusts no other CA", async () => {
    const addresses = await startTls("server", "no");
    expect(await refusalOf({ addresses, tls: { ...plain, source: heldTls({}) } })).toMatch(
      /self-signed certificate in certificate chain|unable to get local issuer certificate|unable to verify the first certificate/,
    );
  });

  test("shows the client's certificate", async () => {
    const addresses = await startTls("server", "yes");
    const source = heldTls({ ca, cert: pem("client.crt"), key: pem("client.key") });
    const tls = { ...plain, source };
    expect(await countThrough({ addresses, tls })).toEqual([1]);
    await refusalOf({ addresses, tls: plain });
  });

  test("wants the server's name in its certificate, unless told otherwise", async () => {
    const addresses = await startTls("elsewhere", "no");
    expect(await refusalOf({ addresses, tls: plain })).toContain(
      "does not match certificate's altnames",
    );
    const tls = { ...plain, skipHostnameVerification: true };
    expect(await countThrough({ addresses, tls })).toEqual([1]);
    expect(await refusalOf({ addresses, tls: { ...tls, source: heldTls({}) } })).toContain(
      "certificate",
    );
  });

  test("that the server does not speak fails in the time for a connection", async () => {
    const server = await cleanup.add(startRedis());
    const settings = { addresses: [server.address], tls: plain, connectTimeoutMs: 300 };
    expect(await refusalOf(settings)).toMatch(
      /wrong version number|packet length|no answer|closed/,
    );
  });
});
