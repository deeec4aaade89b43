import { Redis } from "ioredis";
import { Connection } from "../../src/counters/connection.ts";
import type { WriteArgument } from "../../src/counters/encodable.ts";
import { createRedisStore } from "../../src/counters/redis-store.ts";
import { ErrorReply, type Reply } from "../../src/counters/reply.ts";
import { resp } from "../../src/counters/resp/dialect.ts";
import { encodeRequest, leadOf, numberTail } from "../../src/counters/resp/request.ts";
import { openSocket } from "../../src/counters/socket.ts";
import { keptLog } from "../../test/support/kept-log.ts";
import { redisSettings } from "../../test/support/shared-redis.ts";

/** A way to add one hit to each of many counters at once, and to see to it that new ones expire. */
export interface Road {
  readonly name: string;
  /** Whether the server is one of a cluster. */
  readonly isCluster: boolean;
  open(port: number): Promise<OpenRoad>;
}

export interface OpenRoad {
  /** Settles when Redis has answered everything. */
  add(keys: readonly string[]): Promise<unknown>;
  close(): Promise<void> | void;
}

const ttlSeconds = 3_600;

/** KEYS: counters. Adds one hit to each and answers the totals. */
const script = `local totals = {}
for i, key in ipairs(KEYS) do
  local total = redis.call('INCRBY', key, 1)
  if total == 1 then redis.call('EXPIRE', key, ${ttlSeconds}) end
  totals[i] = total
end
return totals`;

/** ARGV: counters. Keys of several slots must not be declared as keys: no node, proxy or client can tell then what is touched. */
const crossSlotScript = `#!lua flags=allow-cross-slot-keys\n${script.replace("KEYS", "ARGV")}`;

const incrByLead = leadOf("*3\r\n$6\r\nINCRBY\r\n");
const expireLead = leadOf("*3\r\n$6\r\nEXPIRE\r\n");

const incrBy = (key: string) => ({
  encode: (bulk: WriteArgument) => bulk(key, incrByLead, numberTail(1)),
});
const expire = (key: string) => ({
  encode: (bulk: WriteArgument) => bulk(key, expireLead, numberTail(ttlSeconds)),
});

export const roads: readonly Road[] = [
  { name: "INCRBY, EXPIRE when new; ioredis", isCluster: false, open: ioredisPipeline },
  { name: "script for the batch; ioredis", isCluster: false, open: ioredisScript },
  { name: "INCRBY and EXPIRE always; own RESP", isCluster: false, open: ownAlways },
  { name: "INCRBY, EXPIRE when new; own RESP", isCluster: false, open: ownPlain },
  { name: "script for the batch; own RESP", isCluster: false, open: ownScript(script, true) },
  { name: "the store, two counters a call", isCluster: false, open: store },
  { name: "cluster: INCRBY, EXPIRE when new; own RESP", isCluster: true, open: ownPlain },
  {
    name: "cluster: script across slots; own RESP",
    isCluster: true,
    open: ownScript(crossSlotScript, false),
  },
];

async function openIoredis(port: number): Promise<Redis> {
  const client = new Redis({ host: "127.0.0.1", port, lazyConnect: true, protocol: 2 });
  await client.connect();
  return client;
}

async function ioredisPipeline(port: number): Promise<OpenRoad> {
  const client = await openIoredis(port);
  return {
    add: async (keys) => {
      const pipeline = client.pipeline();
      for (const key of keys) pipeline.incrby(key, 1);
      const results = (await pipeline.exec()) ?? [];
      const made = keys.filter((_, i) => results[i]?.[1] === 1);
      if (made.length === 0) return;
      const expiries = client.pipeline();
      for (const key of made) expiries.expire(key, ttlSeconds);
      await expiries.exec();
    },
    close: () => client.disconnect(),
  };
}

async function ioredisScript(port: number): Promise<OpenRoad> {
  const client = await openIoredis(port);
  const sha = String(await client.script("LOAD", script));
  return {
    add: (keys) => client.evalsha(sha, keys.length, ...keys),
    close: () => client.disconnect(),
  };
}

function openOwn(port: number): Connection {
  return new Connection(
    resp,
    (into) => openSocket({ host: "127.0.0.1", port }, undefined, into),
    () => undefined,
  );
}

/** Sends one request and answers its replies. */
function exchange(connection: Connection, request: string, count: number): Promise<Reply[]> {
  return new Promise((resolve, reject) => {
    const replies: Reply[] = [];
    connection.send(request, {
      take: (reply) => {
        if (reply instanceof ErrorReply) reject(new Error(reply.text));
        if (replies.push(reply) < count) return false;
        resolve(replies);
        return true;
      },
      lose: () => reject(new Error("the connection was lost")),
    });
  });
}

async function ownPlain(port: number): Promise<OpenRoad> {
  const connection = openOwn(port);
  return {
    add: async (keys) => {
      const totals = await exchange(connection, encodeRequest(keys.map(incrBy)), keys.length);
      const made = keys.filter((_, i) => totals[i] === 1);
      if (made.length > 0) await exchange(connection, encodeRequest(made.map(expire)), made.length);
    },
    close: () => connection.end("done"),
  };
}

/** What the reference sends. */
async function ownAlways(port: number): Promise<OpenRoad> {
  const connection = openOwn(port);
  return {
    add: (keys) => {
      const commands = keys.flatMap((key) => [incrBy(key), expire(key)]);
      return exchange(connection, encodeRequest(commands), commands.length);
    },
    close: () => connection.end("done"),
  };
}

function ownScript(text: string, areKeysDeclared: boolean): Road["open"] {
  return async (port) => {
    const connection = openOwn(port);
    const sha = String(await connection.ask("SCRIPT", "LOAD", text));
    const evalSha = (keys: readonly string[]) => ({
      encode: (bulk: WriteArgument) =>
        keys.reduce(
          (request, key) => request + bulk(key),
          `*${keys.length + 3}\r\n$7\r\nEVALSHA\r\n${bulk(sha)}${bulk(String(areKeysDeclared ? keys.length : 0))}`,
        ),
    });
    return {
      add: (keys) => exchange(connection, encodeRequest([evalSha(keys)]), 1),
      close: () => connection.end("done"),
    };
  };
}

/** With everything that belongs to it: calls, equal keys, deadlines. Expiries go out behind the answers. */
async function store(port: number): Promise<OpenRoad> {
  const settings = redisSettings({ addresses: [{ host: "127.0.0.1", port }] });
  const counters = createRedisStore(settings, { log: keptLog() });
  await counters.firstConnection;
  const increment = (key: string) => ({ key, hits: 1, ttlSeconds, perSecond: false });
  return {
    add: (keys) => {
      const calls: Promise<unknown>[] = [];
      for (let i = 0; i < keys.length; i += 2) {
        calls.push(counters.incrementAll(keys.slice(i, i + 2).map(increment)));
      }
      return Promise.all(calls);
    },
    close: () => counters.close(),
  };
}
