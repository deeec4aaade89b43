import type { ConnectionOptions } from "node:tls";
import type { RedisOptions } from "ioredis";
import type { RedisAddress, RedisCredentials, RedisSettings, RedisTls } from "./redis-settings.ts";
import { RedisSocket } from "./redis-socket.ts";

/** One server to connect to. */
export interface RedisTarget {
  /** A Unix socket's path instead of host and port. */
  readonly address: RedisAddress | string;
  readonly credentials: RedisCredentials | undefined;
  readonly database: number;
  /** A replica will not do, and the server is asked whether it is one. */
  readonly isMaster?: boolean;
}

/** After how many milliseconds without a packet the system asks whether the other side is still there. */
const keepAliveMs = 10_000;

/** The shortest time after which a connection counts as dead when answers are due and nothing comes. */
const silenceMinMs = 1_000;

/**
 * Options for a client that does nothing by itself: it connects once, never queues a command for later and never sends one again.
 * ioredis would by default do all three, and a resent INCRBY counts twice. It speaks RESP2 and says nothing by itself, neither a
 * greeting, which proxies between here and Redis might not understand, nor AUTH and SELECT, whose failure it would overlook.
 */
export function clientOptions(
  settings: RedisSettings,
  target: RedisTarget,
): RedisOptions & { readonly replyMapping: "legacy" } {
  const { address } = target;
  return {
    ...(typeof address === "string"
      ? { path: address }
      : { host: address.host, port: address.port }),
    ...(settings.tls && typeof address !== "string" && { tls: tlsOptions(settings.tls) }),
    db: 0,
    Connector: RedisSocket,
    lazyConnect: true,
    connectTimeout: settings.connectTimeoutMs,
    socketTimeout: Math.max(silenceMinMs, 2 * settings.commandTimeoutMs),
    keepAlive: keepAliveMs,
    noDelay: true,
    protocol: 2,
    replyMapping: "legacy",
    enableReadyCheck: false,
    disableClientInfo: true,
    enableOfflineQueue: false,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    reconnectOnError: null,
  };
}

function tlsOptions({ ca, cert, key, skipHostnameVerification }: RedisTls): ConnectionOptions {
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(skipHostnameVerification && { checkServerIdentity: () => undefined }),
  };
}

/** An address for people. */
export function addressText(address: RedisAddress | string): string {
  if (typeof address === "string") return address;
  return address.host.includes(":")
    ? `[${address.host}]:${address.port}`
    : `${address.host}:${address.port}`;
}
