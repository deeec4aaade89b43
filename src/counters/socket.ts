import { connect, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import type { ReadInto } from "./connection.ts";
import type { RedisAddress, RedisTls } from "./redis-settings.ts";

/** After how many milliseconds without a packet the system asks whether the other side is still there. */
const keepAliveMs = 10_000;

/** Opens a socket to a server. There is no TLS on a Unix socket. */
export function openSocket(
  address: RedisAddress | string,
  tls: RedisTls | undefined,
  onread: ReadInto,
): Socket {
  if (typeof address === "string") return connect({ path: address, onread });
  const { host, port } = address;
  const where = { host, port, onread };
  const socket =
    tls === undefined
      ? connect(where)
      : connectTls({ ...where, ...serverName(host), ...tlsOptions(tls) });
  return socket.setNoDelay(true).setKeepAlive(true, keepAliveMs);
}

/** Only a name is told to the server, not an address (RFC 6066 §3). */
function serverName(host: string): ConnectionOptions {
  return isIP(host) === 0 ? { servername: host } : {};
}

function tlsOptions({ ca, cert, key, skipHostnameVerification }: RedisTls): ConnectionOptions {
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(skipHostnameVerification && { checkServerIdentity: () => undefined }),
  };
}
