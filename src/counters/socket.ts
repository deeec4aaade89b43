import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type TlsClientOptions, tlsClientOptions } from "../tls/client.ts";
import type { ReadInto } from "./connection.ts";
import type { RedisAddress } from "./redis-settings.ts";

/** After how many milliseconds without a packet the system asks whether the other side is still there. */
const keepAliveMs = 10_000;

/** Opens a socket to a server. There is no TLS on a Unix socket. */
export function openSocket(
  address: RedisAddress | string,
  tls: TlsClientOptions | undefined,
  onread: ReadInto,
): Socket {
  if (typeof address === "string") return connect({ path: address, onread });
  const { host, port } = address;
  const where = { host, port, onread };
  const socket =
    tls === undefined ? connect(where) : connectTls({ ...where, ...tlsClientOptions(tls, host) });
  return socket.setNoDelay(true).setKeepAlive(true, keepAliveMs);
}
