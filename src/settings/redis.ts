import { parseCredentials } from "../counters/redis-credentials.ts";
import type { RedisAddress, RedisSettings } from "../counters/redis-settings.ts";
import type { RedisPlan } from "../settings.ts";
import { parseRedisAddress } from "./redis-address.ts";
import { type SettingName, table } from "./table.ts";
import { redisTlsSettings } from "./tls.ts";
import { type Reading, refusal } from "./values.ts";

/** The names of a Redis begin with this. */
type Prefix = "REDIS" | "REDIS_PERSECOND";

/** What a URL says. */
type Place = Pick<
  RedisSettings,
  "topology" | "addresses" | "socketPath" | "masterName" | "database" | "credentials"
> & { readonly usesTls: boolean };

/** What a mistaken URL stands for, so that the other settings can still be checked. */
const nowhere: Place = {
  topology: "single",
  addresses: [],
  socketPath: undefined,
  masterName: undefined,
  database: 0,
  credentials: undefined,
  usesTls: false,
};

/** How the Redis of these names is reached. Mistakes are added to the reading. */
export function buildRedis(reading: Reading, prefix: Prefix): RedisPlan {
  const { values } = reading;
  const place = placeOf(reading, prefix);
  return {
    topology: place.topology,
    addresses: place.addresses,
    socketPath: place.socketPath,
    masterName: place.masterName,
    database: place.database,
    credentials: credentialsOf(reading, `${prefix}_AUTH`) ?? place.credentials,
    sentinelCredentials: credentialsOf(reading, `${prefix}_SENTINEL_AUTH`),
    tls: place.usesTls || values[`${prefix}_TLS`] ? redisTlsSettings(reading) : undefined,
    connectTimeoutMs: values[`${prefix}_TIMEOUT`],
    commandTimeoutMs: values[`${prefix}_OP_TIMEOUT`],
    startup: {
      initialMs: values.REDIS_STARTUP_INITIAL_INTERVAL,
      maxMs: values.REDIS_STARTUP_MAX_INTERVAL,
      maxElapsedMs: values.REDIS_STARTUP_MAX_ELAPSED_TIME,
    },
  };
}

function credentialsOf(
  { values, mistakes }: Reading,
  name: `${Prefix}_AUTH` | `${Prefix}_SENTINEL_AUTH`,
): RedisSettings["credentials"] {
  const setting = `${name}_FILE` as const;
  const path = values[setting];
  if (path === "") return parseCredentials(values[name]);
  if (values[name] !== "") {
    mistakes.push(`${name} and ${setting}: both are set; accepted: one of them`);
  }
  return { setting, path };
}

function placeOf(reading: Reading, prefix: Prefix): Place {
  const { values, mistakes, wrong } = reading;
  const name = `${prefix}_URL` as const;
  if (wrong.has(name) || wrong.has(`${prefix}_TYPE`) || wrong.has(`${prefix}_SOCKET_TYPE`)) {
    return nowhere;
  }
  const url = values[name];
  const refuse = (reason?: string): Place => {
    const setting = reason === undefined ? table[name] : { ...table[name], refusal: () => reason };
    mistakes.push(refusal(name, setting, url));
    return nowhere;
  };
  switch (values[`${prefix}_TYPE`]) {
    case "SINGLE":
      return singlePlace(reading, prefix, refuse);
    case "CLUSTER":
      return listedPlace("cluster", undefined, url.split(","), 6379) ?? refuse();
    case "SENTINEL": {
      const [masterName = "", ...sentinels] = url.split(",");
      if (masterName.trim() === "" || sentinels.length === 0) return refuse(sentinelForm);
      return listedPlace("sentinel", masterName.trim(), sentinels, 26379) ?? refuse();
    }
  }
}

/** The reference's words. */
const sentinelForm =
  "Expected master name and a list of urls for the sentinels, in the format: <redis master name>,<sentinel1>,...,<sentineln>";

function singlePlace(
  { values, given, mistakes }: Reading,
  prefix: Prefix,
  refuse: (reason?: string) => Place,
): Place {
  const url = values[`${prefix}_URL`];
  const socketName: SettingName = `${prefix}_SOCKET_TYPE`;
  const isPath = url.startsWith("/") || url.startsWith("./");
  const socketType = values[socketName] || (isPath ? "unix" : "tcp");
  if ((socketType === "unix") !== isPath) {
    const source = given.has(`${prefix}_URL`) ? "" : " (its default)";
    const form = isPath ? "the path of a Unix socket" : "a host and port";
    mistakes.push(
      `${socketName}: "${socketType}" does not go with ${prefix}_URL${source}, which is ${form}; accepted: ${isPath ? "unix" : "tcp"}, or nothing`,
    );
    return nowhere;
  }
  if (isPath) {
    if (values[`${prefix}_TLS`]) {
      mistakes.push(
        `${prefix}_TLS: there is no TLS on a Unix socket, which ${prefix}_URL is; accepted: false`,
      );
    }
    return { ...nowhere, socketPath: url };
  }
  const found = parseRedisAddress(url, 6379);
  return found === undefined
    ? refuse()
    : {
        ...nowhere,
        addresses: [found.address],
        database: found.database,
        credentials: found.credentials,
        usesTls: found.usesTls,
      };
}

/** Credentials that stand in the URLs of a cluster are those of every node; the first ones count. Sentinels have settings for theirs. */
function listedPlace(
  topology: "cluster" | "sentinel",
  masterName: string | undefined,
  urls: readonly string[],
  defaultPort: number,
): Place | undefined {
  const addresses: RedisAddress[] = [];
  let credentials: Place["credentials"];
  let usesTls = false;
  for (const url of urls) {
    const found = parseRedisAddress(url.trim(), defaultPort);
    if (found === undefined || found.database !== 0) return undefined;
    addresses.push(found.address);
    credentials ??= found.credentials;
    usesTls ||= found.usesTls;
  }
  return { ...nowhere, topology, masterName, addresses, credentials, usesTls };
}
