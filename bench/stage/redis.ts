import { randomBytes } from "node:crypto";
import { eventually } from "../../test/support/eventually.ts";
import { freePorts } from "../../test/support/ports.ts";
import { type RedisServer, startRedis } from "../../test/support/redis.ts";

/** One Redis server, or the masters of a cluster. */
export interface RedisStage {
  readonly servers: readonly RedisServer[];
  readonly pids: readonly number[];
  readonly ports: readonly number[];
  /** Forgets all counters. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

/** Slots 0 to 16383 in three ranges. */
const slotRanges = ["0-5460", "5461-10922", "10923-16383"];

export async function startSingle(): Promise<RedisStage> {
  return stageOf([await startRedis()]);
}

/**
 * Three masters and no replicas: what a replica costs is the same whoever asks, and this machine has few cores. They start with the
 * whole cluster in their `nodes.conf`, so that nobody has to be introduced.
 */
export async function startMasters(): Promise<RedisStage> {
  const ports = await freePorts(slotRanges.length);
  const ids = ports.map(() => randomBytes(20).toString("hex"));
  const nodesConf = (self: number) =>
    ports
      .map((port, i) => {
        const flags = i === self ? "myself,master" : "master";
        return `${ids[i]} 127.0.0.1:${port}@${port + 10_000} ${flags} - 0 0 ${i + 1} connected ${slotRanges[i]}\n`;
      })
      .join("")
      .concat("vars currentEpoch 3 lastVoteEpoch 0\n");
  const servers: RedisServer[] = [];
  for (const [i, port] of ports.entries()) {
    const config = ["cluster-enabled yes", "cluster-node-timeout 5000"];
    servers.push(await startRedis({ port, config, files: { "nodes.conf": nodesConf(i) } }));
  }
  for (const server of servers) {
    await eventually(
      async () => String(await server.ask("CLUSTER", "INFO")).includes("cluster_state:ok"),
      { timeoutMs: 15_000 },
    );
  }
  return stageOf(servers);
}

async function stageOf(servers: readonly RedisServer[]): Promise<RedisStage> {
  const pids: number[] = [];
  for (const server of servers) {
    const info = String(await server.ask("INFO", "server"));
    pids.push(Number(/process_id:(\d+)/.exec(info)?.[1]));
  }
  return {
    servers,
    pids,
    ports: servers.map(({ address }) => address.port),
    flush: async () => {
      for (const server of servers) await server.ask("FLUSHALL", "SYNC");
    },
    stop: async () => {
      for (const server of servers) await server.stop();
    },
  };
}
