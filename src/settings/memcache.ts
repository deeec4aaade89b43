import type { MemcacheSettings } from "../counters/memcache/settings.ts";
import type { ServerAddress } from "../counters/target.ts";
import type { MemcachePlan } from "../settings.ts";
import { parseHostAndPort } from "./redis-address.ts";
import { table } from "./table.ts";
import { type Reading, refusal } from "./values.ts";

const defaultPort = 11_211;

/** How Memcached is reached. Mistakes are added to the reading. */
export function buildMemcache(reading: Reading): MemcachePlan {
  const { values } = reading;
  return {
    servers: serversOf(reading),
    tls: values.MEMCACHE_TLS
      ? { skipHostnameVerification: values.MEMCACHE_TLS_SKIP_HOSTNAME_VERIFICATION }
      : undefined,
    connectTimeoutMs: values.MEMCACHE_TIMEOUT,
    commandTimeoutMs: values.MEMCACHE_OP_TIMEOUT,
  };
}

function serversOf({ values, wrong, mistakes }: Reading): MemcacheSettings["servers"] {
  const { MEMCACHE_HOST_PORT: hosts, MEMCACHE_SRV: record } = values;
  if (record !== "" && hosts.length > 0) {
    // The reference's words.
    mistakes.push("Both MEMCACHE_HOST_PORT and MEMCACHE_SRV are set; accepted: one of them");
  } else if (record === "" && hosts.length === 0 && !wrong.has("MEMCACHE_SRV")) {
    mistakes.push(
      "MEMCACHE_HOST_PORT: is not set, and BACKEND_TYPE=memcache needs it, or MEMCACHE_SRV; accepted: host:port,host:port,…",
    );
  }
  if (record !== "") return { record, refreshMs: values.MEMCACHE_SRV_REFRESH };
  return hosts.flatMap((host) => {
    const address = parseAddress(host.trim());
    if (address !== undefined) return [address];
    mistakes.push(refusal("MEMCACHE_HOST_PORT", table.MEMCACHE_HOST_PORT, host));
    return [];
  });
}

/** A slash makes it a path, as for the reference's client. */
function parseAddress(text: string): ServerAddress | undefined {
  return text.includes("/") ? text : parseHostAndPort(text, defaultPort);
}
