import type { TlsClientOptions } from "../tls/client.ts";

/** Where Redis is and how it is talked to, whatever the operator wrote it down as. Every text is free of surrounding space. */
export interface RedisSettings {
  readonly topology: "single" | "sentinel" | "cluster";
  /**
   * single: the server, unless there is a `socketPath`. sentinel: the Sentinels, at least one. cluster: nodes to ask for the others,
   * at least one.
   */
  readonly addresses: readonly RedisAddress[];
  /** Path of a Unix socket, only for a single server. */
  readonly socketPath: string | undefined;
  /** The name under which the Sentinels know the master; exactly for `sentinel`. */
  readonly masterName: string | undefined;
  /** 0 is the default of Redis, and the only one that a cluster has. */
  readonly database: number;
  /** `undefined`: the server asks for no password. */
  readonly credentials: RedisCredentials | CredentialsFile | undefined;
  /** For the Sentinels themselves. */
  readonly sentinelCredentials: RedisCredentials | CredentialsFile | undefined;
  /** `undefined`: in the clear. Holds for the Sentinels as well. */
  readonly tls: TlsClientOptions | undefined;
  /** From the first packet to the answer to a PING, at least 1. */
  readonly connectTimeoutMs: number;
  /** How long an increment may take in all, waiting for its turn included, at least 1. */
  readonly commandTimeoutMs: number;
  readonly startup: RedisStartup;
}

export interface RedisAddress {
  /** A name or an IP address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface RedisCredentials {
  /** `undefined`: Redis's default user. */
  readonly username: string | undefined;
  readonly password: string;
}

/** A file that holds credentials as `REDIS_AUTH` does. It is read for each new connection, so they may change. */
export interface CredentialsFile {
  /** That names the file. */
  readonly setting: string;
  readonly path: string;
}

/** Pauses between attempts until Redis has been reached for the first time. */
export interface RedisStartup {
  readonly initialMs: number;
  readonly maxMs: number;
  /** Then `firstConnection` fails; 0: never. */
  readonly maxElapsedMs: number;
}
