import type { CredentialsFile, RedisAddress, RedisCredentials } from "./redis-settings.ts";

/** Host and port, or the path of a Unix socket. */
export type ServerAddress = RedisAddress | string;

/** One server to connect to. */
export interface ServerTarget {
  readonly address: ServerAddress;
  readonly credentials: RedisCredentials | CredentialsFile | undefined;
  readonly database: number;
  /** A replica will not do, and the server is asked whether it is one. */
  readonly isMaster?: boolean;
}

/** An address for people. */
export function addressText(address: ServerAddress): string {
  if (typeof address === "string") return address;
  return address.host.includes(":")
    ? `[${address.host}]:${address.port}`
    : `${address.host}:${address.port}`;
}
