import type { RedisServer } from "../../test/support/redis.ts";

/** What Redis servers have done so far, all together. */
export interface RedisCounts {
  /** By name, in lower case; those within scripts too. */
  readonly commands: ReadonlyMap<string, number>;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Commands of the harness itself and of connections that open. */
const notCounted = new Set(["info", "flushall", "client|setinfo", "hello", "ping", "role"]);

export async function readRedisCounts(servers: readonly RedisServer[]): Promise<RedisCounts> {
  const commands = new Map<string, number>();
  let bytesIn = 0;
  let bytesOut = 0;
  for (const server of servers) {
    const stats = String(await server.ask("INFO", "stats"));
    bytesIn += Number(/total_net_input_bytes:(\d+)/.exec(stats)?.[1]);
    bytesOut += Number(/total_net_output_bytes:(\d+)/.exec(stats)?.[1]);
    const text = String(await server.ask("INFO", "commandstats"));
    for (const [, name = "", calls] of text.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)) {
      commands.set(name, (commands.get(name) ?? 0) + Number(calls));
    }
  }
  return { commands, bytesIn, bytesOut };
}

/** What was done between two readings, for each of `calls`. Commands that are less than one in a thousand calls are left out. */
export function redisPerCall(
  before: RedisCounts,
  after: RedisCounts,
  calls: number,
): {
  readonly commands: Readonly<Record<string, number>>;
  readonly bytesIn: number;
  readonly bytesOut: number;
} {
  const commands: Record<string, number> = {};
  for (const [name, count] of after.commands) {
    const perCall = (count - (before.commands.get(name) ?? 0)) / calls;
    if (perCall >= 0.001 && !notCounted.has(name)) commands[name] = perCall;
  }
  return {
    commands,
    bytesIn: (after.bytesIn - before.bytesIn) / calls,
    bytesOut: (after.bytesOut - before.bytesOut) / calls,
  };
}
