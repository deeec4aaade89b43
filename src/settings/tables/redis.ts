import { boolean, choice, duration, integer, text, warned } from "../setting.ts";

const withoutPool = warned("one connection to each Redis node carries all commands");
const withoutPipelining = warned("commands of a turn always go out together, to all nodes at once");

/** How Redis is reached. The `REDIS_PERSECOND_*` names say it for the Redis that holds the counters of a second. */
export const redis = {
  REDIS_TYPE: redisType("What REDIS_URL names."),
  REDIS_SOCKET_TYPE: socketType("REDIS_URL"),
  REDIS_URL: redisUrl("/var/run/nutcracker/ratelimit.sock", "Where Redis is."),
  REDIS_AUTH: auth("Password, or `user:password`; wins over those in REDIS_URL."),
  REDIS_AUTH_FILE: authFile("REDIS_AUTH"),
  REDIS_SENTINEL_AUTH: auth("Password, or `user:password`, for the Sentinels."),
  REDIS_SENTINEL_AUTH_FILE: authFile("REDIS_SENTINEL_AUTH"),
  REDIS_TLS: boolean(false, "TLS to Redis, and to its Sentinels."),
  REDIS_TLS_CACERT: text(
    "",
    "File with the CA of Redis, beside those that Node trusts. All files of TLS are read again when they change; see [TLS](tls.md).",
  ),
  REDIS_TLS_CLIENT_CERT: text("", "File with the certificate for Redis."),
  REDIS_TLS_CLIENT_KEY: text("", "File with its key."),
  REDIS_TLS_SKIP_HOSTNAME_VERIFICATION: boolean(
    false,
    "Accepts a certificate of another name; its chain is verified all the same, by the CAs of REDIS_TLS_CACERT alone where it is set.",
  ),
  REDIS_TIMEOUT: timeout("10s", "Longest time to connect to Redis."),
  REDIS_OP_TIMEOUT: timeout("500ms", "Longest time for the answer to a Redis command."),
  REDIS_STARTUP_INITIAL_INTERVAL: pause(
    "1s",
    "First pause when Redis cannot be reached; it doubles.",
  ),
  REDIS_STARTUP_MAX_INTERVAL: pause("30s", "Longest such pause."),
  REDIS_STARTUP_MAX_ELAPSED_TIME: duration(
    "0s",
    ["0s", "8760h"],
    "How long a start waits for Redis before it fails; 0: for ever.",
  ),
  REDIS_HEALTH_CHECK_ACTIVE_CONNECTION: boolean(
    false,
    "Unhealthy while no connection to Redis (or Memcached) stands; else healthy once it has been reached.",
  ),
  CLOCK_OFFSET_MAX: duration(
    "0s",
    ["0s", "1h"],
    "How far this machine's clock may be from that of Redis before windows go by Redis's, so that all instances count in the same ones; 0: Redis is not asked for its time. Under some 100ms the way to Redis decides.",
  ),
  REDIS_PERSECOND: boolean(
    false,
    "Keeps the counters of limits per second in a Redis of their own.",
  ),
  REDIS_PERSECOND_TYPE: redisType("What REDIS_PERSECOND_URL names."),
  REDIS_PERSECOND_SOCKET_TYPE: socketType("REDIS_PERSECOND_URL"),
  REDIS_PERSECOND_URL: redisUrl("/var/run/nutcracker/ratelimitpersecond.sock", "Where it is."),
  REDIS_PERSECOND_AUTH: auth("Password, or `user:password`."),
  REDIS_PERSECOND_AUTH_FILE: authFile("REDIS_PERSECOND_AUTH"),
  REDIS_PERSECOND_SENTINEL_AUTH: auth("Password, or `user:password`, for its Sentinels."),
  REDIS_PERSECOND_SENTINEL_AUTH_FILE: authFile("REDIS_PERSECOND_SENTINEL_AUTH"),
  REDIS_PERSECOND_TLS: boolean(
    false,
    "TLS to it, with the files of REDIS_TLS_CACERT, REDIS_TLS_CLIENT_CERT and REDIS_TLS_CLIENT_KEY.",
  ),
  REDIS_PERSECOND_TIMEOUT: timeout("10s", "Longest time to connect to it."),
  REDIS_PERSECOND_OP_TIMEOUT: timeout("500ms", "Longest time for the answer to its commands."),
  REDIS_POOL_SIZE: poolSize(),
  REDIS_PERSECOND_POOL_SIZE: poolSize(),
  REDIS_POOL_ON_EMPTY_BEHAVIOR: onEmpty("REDIS_POOL_ON_EMPTY_BEHAVIOR"),
  REDIS_PERSECOND_POOL_ON_EMPTY_BEHAVIOR: onEmpty("REDIS_PERSECOND_POOL_ON_EMPTY_BEHAVIOR"),
  REDIS_PIPELINE_WINDOW: pipelineWindow(),
  REDIS_PERSECOND_PIPELINE_WINDOW: pipelineWindow(),
  REDIS_PIPELINE_LIMIT: pipelineLimit(),
  REDIS_PERSECOND_PIPELINE_LIMIT: pipelineLimit(),
  REDIS_CLUSTER_PIPELINE_PARALLELISM: parallelism(),
  REDIS_PERSECOND_CLUSTER_PIPELINE_PARALLELISM: parallelism(),
  REDIS_CLOSE_CONNECTION_ON_READONLY_ERROR: boolean(
    false,
    "A connection to a server that has become a replica is closed in any case.",
  ),
} as const;

function redisType(meaning: string) {
  return choice("SINGLE", ["SINGLE", "SENTINEL", "CLUSTER"], meaning, {
    anyCase: true,
    refusal: (given) => `Unrecognized redis type ${given.toLowerCase()}`,
  });
}

function socketType(of: string) {
  return choice(
    "",
    ["", "tcp", "unix"],
    `Unset: \`unix\` when ${of} is a path, otherwise \`tcp\` (the reference: \`unix\`).`,
    { accepted: "tcp, unix" },
  );
}

function redisUrl(value: string, meaning: string) {
  return text(value, meaning, {
    isSecret: true,
    accepted:
      "for SINGLE host:port, redis://user:password@host:port/database (rediss:// for TLS) or the path of a Unix socket; for CLUSTER host:port,host:port,…; for SENTINEL master name,host:port,host:port,…",
  });
}

function auth(meaning: string) {
  return text("", meaning, { isSecret: true });
}

function authFile(of: string) {
  return text("", `File that holds what ${of} would; read again for each new connection.`);
}

function timeout(value: string, meaning: string) {
  return duration(value, ["1ms", "1h"], meaning);
}

function pause(value: string, meaning: string) {
  return duration(value, ["1ms", "1h"], meaning);
}

function poolSize() {
  return integer(10, [1, 65_535], "Connections to each Redis node.", withoutPool);
}

function onEmpty(name: string) {
  const refusals: Readonly<Record<string, string>> = {
    CREATE: `${name}=CREATE is not supported: commands share the connections there are. Remove this setting or set it to WAIT`,
    ERROR: `${name}=ERROR is not supported: commands share the connections there are. Remove this setting or set it to WAIT; REDIS_OP_TIMEOUT makes commands fail fast`,
  };
  return text("WAIT", "What a command does without a free connection.", {
    accepted: "anything but CREATE and ERROR, meaning WAIT",
    matches: /^(?!(?:create|error)$)/i,
    refusal: (given) => refusals[given.toUpperCase()] ?? `${name} is too long`,
  });
}

function pipelineWindow() {
  return duration("0s", ["0s", "1m"], "How long commands are collected.", withoutPipelining);
}

function pipelineLimit() {
  return integer(0, [0, 2_147_483_647], "Commands collected at most.", {
    ...warned("it has no effect in the reference either, since its client was changed"),
  });
}

function parallelism() {
  return integer(
    1,
    [0, 65_535],
    "Groups of commands sent to a cluster at a time; 0: as many as there are connections.",
    withoutPipelining,
  );
}
