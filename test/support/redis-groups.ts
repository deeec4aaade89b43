import { randomBytes } from "node:crypto";
import { eventually } from "./eventually.ts";
import { freePorts } from "./ports.ts";
import { type RedisServer, type RedisServerTls, startRedis } from "./redis.ts";

/** A Redis Cluster: three masters and three replicas, one for each. */
export interface RedisCluster {
  readonly masters: readonly RedisServer[];
  /** `replicas[i]` follows `masters[i]`, until there is a failover. */
  readonly replicas: readonly RedisServer[];
  stop(): Promise<void>;
}

/** A master, its replica, and Sentinels that watch them. */
export interface SentinelGroup {
  readonly masterName: string;
  readonly master: RedisServer;
  readonly replica: RedisServer;
  readonly sentinels: readonly RedisServer[];
  stop(): Promise<void>;
}

/** Slots 0 to 16383 in three ranges. */
const slotRanges = ["0-5460", "5461-10922", "10923-16383"];

export interface ClusterOptions {
  /** After how long without an answer a node counts as failed: a failover takes two to three times that. */
  readonly nodeTimeoutMs?: number;
  readonly config?: readonly string[];
  readonly tls?: RedisServerTls;
}

/**
 * Starts the six nodes with the whole cluster in their `nodes.conf`, so that nobody has to be introduced: they are ready after the
 * two seconds that a Redis node waits in any case before it takes writes.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<RedisCluster> {
  const nodes = (await freePorts(6)).map((port, i) => ({
    port,
    id: randomBytes(20).toString("hex"),
    shard: i % 3,
    isMaster: i < 3,
  }));
  const masterId = (shard: number) => nodes[shard]?.id ?? "";
  const nodesConf = (self: number) =>
    nodes
      .map(({ port, id, shard, isMaster }, i) => {
        const role = isMaster ? "master" : "slave";
        const flags = i === self ? `myself,${role}` : role;
        const slots = isMaster ? ` ${slotRanges[shard]}` : "";
        const master = isMaster ? "-" : masterId(shard);
        return `${id} 127.0.0.1:${port}@${port + 10_000} ${flags} ${master} 0 0 ${shard + 1} connected${slots}\n`;
      })
      .join("")
      .concat("vars currentEpoch 3 lastVoteEpoch 0\n");
  const servers = await startAll(
    nodes.map(
      ({ port }, i) =>
        () =>
          startRedis({
            port,
            ...(options.tls !== undefined && { tls: options.tls }),
            files: { "nodes.conf": nodesConf(i) },
            config: [
              "cluster-enabled yes",
              `cluster-node-timeout ${options.nodeTimeoutMs ?? 5_000}`,
              "cluster-require-full-coverage no",
              "cluster-replica-validity-factor 0",
              "repl-diskless-sync-delay 0",
              ...(options.config ?? []),
            ],
          }),
    ),
  );
  return orStop(servers, async () => {
    await Promise.all(
      servers.map((server) => eventually(() => isReadyInCluster(server), { timeoutMs: 15_000 })),
    );
    return {
      masters: servers.slice(0, 3),
      replicas: servers.slice(3),
      stop: () => stopAll(servers),
    };
  });
}

async function isReadyInCluster(server: RedisServer): Promise<void> {
  const state = String(await server.ask("CLUSTER", "INFO"));
  if (!state.includes("cluster_state:ok")) throw new Error(`${state}\n${server.log}`);
  await requireReplicationInSync(server);
}

/** Throws while the server is a replica that does not have its master's data yet. */
async function requireReplicationInSync(server: RedisServer): Promise<void> {
  const replication = String(await server.ask("INFO", "replication"));
  const isInSync =
    replication.includes("role:master") || replication.includes("master_link_status:up");
  if (!isInSync) throw new Error(`${replication}\n${server.log}`);
}

export interface SentinelOptions {
  readonly sentinels?: number;
  /** Lines of `redis.conf` for master and replica. */
  readonly config?: readonly string[];
  /** Lines of `sentinel.conf`. */
  readonly sentinelConfig?: readonly string[];
}

/** A master that does not answer for half a second is replaced as soon as a majority of the Sentinels agrees. */
export async function startSentinels(options: SentinelOptions = {}): Promise<SentinelGroup> {
  const count = options.sentinels ?? 1;
  const masterName = "velocity";
  const config = ["repl-diskless-sync-delay 0", ...(options.config ?? [])];
  const master = await startRedis({ config });
  const servers = [master];
  return orStop(servers, async () => {
    const replica = await startRedis({
      config: [...config, `replicaof 127.0.0.1 ${master.address.port}`],
    });
    servers.push(replica);
    await eventually(() => requireReplicationInSync(replica), { timeoutMs: 15_000 });
    const sentinels = await startAll(
      Array.from(
        { length: count },
        () => () =>
          startRedis({
            isSentinel: true,
            config: [
              `sentinel monitor ${masterName} 127.0.0.1 ${master.address.port} ${Math.floor(count / 2) + 1}`,
              `sentinel down-after-milliseconds ${masterName} 500`,
              `sentinel failover-timeout ${masterName} 1000`,
              ...(options.sentinelConfig ?? []),
            ],
          }),
      ),
    );
    servers.push(...sentinels);
    return { masterName, master, replica, sentinels, stop: () => stopAll(servers) };
  });
}

/** Until all Sentinels know each other and the replica, they cannot agree on a failover. */
export async function sentinelsReady({ sentinels, masterName }: SentinelGroup): Promise<void> {
  await Promise.all(
    sentinels.map((sentinel) =>
      eventually(
        async () => {
          const others = await sentinel.ask("SENTINEL", "SENTINELS", masterName);
          const replicas = await sentinel.ask("SENTINEL", "REPLICAS", masterName);
          return listLength(others) === sentinels.length - 1 && listLength(replicas) === 1;
        },
        { timeoutMs: 15_000 },
      ),
    ),
  );
}

function listLength(reply: unknown): number {
  return Array.isArray(reply) ? reply.length : -1;
}

async function startAll(starts: readonly (() => Promise<RedisServer>)[]): Promise<RedisServer[]> {
  const outcomes = await Promise.allSettled(starts.map((start) => start()));
  const started = outcomes
    .filter((outcome) => outcome.status === "fulfilled")
    .map(({ value }) => value);
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed === undefined) return started;
  await stopAll(started);
  throw failed.reason;
}

async function stopAll(servers: readonly RedisServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()));
}

/** A group that does not become ready leaves no process behind. */
async function orStop<T>(servers: readonly RedisServer[], build: () => Promise<T>): Promise<T> {
  try {
    return await build();
  } catch (error) {
    await stopAll(servers);
    throw error;
  }
}
