import type { CredentialsFile, RedisAddress, RedisCredentials } from "./redis-settings.ts";

/** One server to connect to. */
export interface ServerTarget {
  /** A Unix socket's path instead of host and port. */
  readonly address: RedisAddress | string;
  readonly credentials: RedisCredentials | CredentialsFile | undefined;
  readonly database: number;
  /** A replica will not do, and the server is asked whether it is one. */
  readonly isMaster?: boolean;
}

/** An address for people. */
export function addressText(address: RedisAddress | string): string {
  if (typeof address === "string") return address;
  return address.host.includes(":")
    ? `[${address.host}]:${address.port}`
    : `${address.host}:${address.port}`;
}
