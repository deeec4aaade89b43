import type { RedisAddress, RedisCredentials } from "../counters/redis-settings.ts";
import { hideSecrets } from "../secrets.ts";
import { parseInteger } from "./parse.ts";

interface ParsedAddress {
  readonly address: RedisAddress;
  readonly database: number;
  readonly credentials: RedisCredentials | undefined;
  readonly usesTls: boolean;
}

const databaseMax = 65_535;

/** `host:port`, `host`, or a URL of the `redis:` or `rediss:` scheme; `undefined`: neither. */
export function parseRedisAddress(text: string, defaultPort: number): ParsedAddress | undefined {
  if (/^rediss?:\/\//.test(text)) return parseUrl(text, defaultPort);
  const address = parseHostAndPort(text, defaultPort);
  return address && { address, database: 0, credentials: undefined, usesTls: false };
}

/** `host`, or `host:port`; an IPv6 address stands in brackets. `undefined`: not accepted. */
export function parseHostAndPort(text: string, defaultPort: number): RedisAddress | undefined {
  const found = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:@/?#[\],]+))(?::([0-9]{1,5}))?$/.exec(text);
  const host = found?.[1] ?? found?.[2];
  const port = Number(found?.[3] ?? defaultPort);
  return host === undefined || port === 0 || port > 65_535 ? undefined : { host, port };
}

/** The user, the password and the database may also be given as query parameters, as the reference's client takes them. */
function parseUrl(text: string, defaultPort: number): ParsedAddress | undefined {
  try {
    const url = new URL(text);
    const address = parseHostAndPort(url.host, defaultPort);
    const database = parseInteger(url.searchParams.get("db") ?? (url.pathname.slice(1) || "0"));
    if (address === undefined || database === undefined) return undefined;
    if (database < 0 || database > databaseMax) return undefined;
    const username = url.searchParams.get("username") ?? decodeURIComponent(url.username);
    const password = url.searchParams.get("password") ?? decodeURIComponent(url.password);
    // Without a colon it is a user without a password, which no Redis knows: the reference's client sends nothing then either.
    const credentials =
      password === "" ? undefined : hideSecrets({ username: username || undefined, password });
    return { address, database, credentials, usesTls: url.protocol === "rediss:" };
  } catch {
    // Not a URL, or an escape in it that is not UTF-8: refused like every other text that is no address.
    return undefined;
  }
}
