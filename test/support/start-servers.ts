import { startMemcached } from "./memcached.ts";
import { startRedis } from "./redis.ts";
import { startCluster, startSentinels } from "./redis-groups.ts";
import { publishSharedRedis } from "./shared-redis.ts";
import { keepRunning } from "./stop-servers.ts";

/** Starts, once for a whole run of Jest, the servers that suites share. */
export default async function startServers(): Promise<void> {
  const [single, sentinel, cluster, ...memcached] = await Promise.all([
    keepRunning(startRedis()),
    keepRunning(startSentinels()),
    keepRunning(startCluster()),
    keepRunning(startMemcached()),
    keepRunning(startMemcached()),
  ]);
  publishSharedRedis({
    single: single.address,
    sentinels: sentinel.sentinels.map(({ address }) => address),
    masterName: sentinel.masterName,
    cluster: cluster.masters.map(({ address }) => address),
    memcached: memcached.map(({ address }) => address),
  });
}
