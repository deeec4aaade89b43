import { isSrvRecord } from "../../counters/memcache/srv.ts";
import { boolean, duration, integer, list, text, warned } from "../setting.ts";

/** How Memcached is reached (`BACKEND_TYPE=memcache`). */
export const memcache = {
  MEMCACHE_HOST_PORT: list(
    "The servers. Which of them has a counter follows from their order, as with the reference: it has to be the same in all instances.",
    { accepted: "host:port,host:port,…, or paths of Unix sockets" },
  ),
  MEMCACHE_SRV: srvRecord(),
  MEMCACHE_SRV_REFRESH: duration(
    "0s",
    ["0s", "24h"],
    "How often MEMCACHE_SRV is asked for anew; 0: only until it is answered.",
  ),
  MEMCACHE_TIMEOUT: duration("10s", ["1ms", "1h"], "Longest time to connect to a server."),
  MEMCACHE_OP_TIMEOUT: duration(
    "500ms",
    ["1ms", "1h"],
    "Longest time for the answer to an increment.",
  ),
  MEMCACHE_TLS: boolean(false, "TLS to Memcached."),
  MEMCACHE_TLS_CACERT: text("", "File with the CA of Memcached, beside the CAs that Node trusts."),
  MEMCACHE_TLS_CLIENT_CERT: text("", "File with the certificate for Memcached."),
  MEMCACHE_TLS_CLIENT_KEY: text("", "File with its key."),
  MEMCACHE_TLS_SKIP_HOSTNAME_VERIFICATION: boolean(
    false,
    "Accepts a certificate of another name; its chain is verified all the same.",
  ),
  MEMCACHE_MAX_IDLE_CONNS: integer(
    2,
    [0, 65_535],
    "Idle connections to each server.",
    warned("one connection to each Memcached server carries all commands"),
  ),
} as const;

function srvRecord() {
  const record = text("", "The SRV record that names the servers, instead of MEMCACHE_HOST_PORT.");
  return {
    ...record,
    accepted: "_service._protocol.name, such as _memcache._tcp.example.org",
    parse: (given: string) =>
      given === "" || isSrvRecord(given) ? record.parse(given) : undefined,
    refusal: (given: string) => `could not parse ${given} to SRV parts`,
  };
}
