import { once } from "node:events";
import { unlink } from "node:fs/promises";
import { connect, type Server, type Socket } from "node:net";
import { VelocityGateError } from "../errors.ts";
import type { AcceptedConnections, BindAddress, ListenAddress } from "./engine.ts";

/** Connections that the kernel keeps until they are accepted: enough for a fleet of Envoys that reconnects at once. */
const backlog = 4096;

const reasons: Readonly<Record<string, string>> = {
  // Node says so of a Unix socket's missing folder, too.
  EACCES: "permission denied, or no such folder",
  EADDRINUSE: "another process listens there",
  EADDRNOTAVAIL: "this machine has no such address",
  EAI_AGAIN: "the host name cannot be resolved now",
  EINVAL: "the address is not valid",
  ENOTFOUND: "the host name is not known",
};

/**
 * Binds `server`; resolves with its port (`undefined` on a Unix socket). A socket file that a killed process left behind is
 * replaced. Connections that another process accepts are taken in as if `server` had accepted them, until it is closed.
 *
 * @throws VelocityGateError `SETTINGS_INVALID`, naming the address and the reason
 */
export async function listen(server: Server, address: ListenAddress): Promise<number | undefined> {
  if ("onConnection" in address) {
    takeIn(server, address);
    return undefined;
  }
  try {
    await bind(server, address);
  } catch (error) {
    if (!("socketPath" in address && (await isAbandoned(address.socketPath)))) {
      throw bindError(address, error);
    }
    await unlink(address.socketPath);
    await bind(server, address).catch((again: unknown) => {
      throw bindError(address, again);
    });
  }
  const bound = server.address();
  return typeof bound === "object" && bound !== null ? bound.port : undefined;
}

/**
 * Resolves when the last of them is closed. A server that is closed waits by itself only for those that it accepted.
 *
 * @param sockets of a server that takes no more
 */
export async function allClosed(sockets: ReadonlySet<Socket>): Promise<void> {
  await Promise.all(
    [...sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve))),
  );
}

function takeIn(server: Server, connections: AcceptedConnections): void {
  let open = 0;
  const stop = connections.onConnection((socket) => {
    // Where it is not set, nothing reaches it.
    if (open >= server.maxConnections) {
      socket.destroy();
      return;
    }
    open += 1;
    socket.once("close", () => {
      open -= 1;
    });
    server.emit("connection", socket);
  });
  server.once("close", stop);
}

async function bind(server: Server, address: BindAddress): Promise<void> {
  server.listen(
    "socketPath" in address
      ? { path: address.socketPath, backlog }
      : { host: address.host, port: address.port, backlog },
  );
  await once(server, "listening");
}

/** Whether a socket file exists on which nobody listens. */
async function isAbandoned(path: string): Promise<boolean> {
  const socket = connect({ path });
  try {
    await once(socket, "connect");
    return false;
  } catch (error) {
    return codeOf(error) === "ECONNREFUSED";
  } finally {
    socket.destroy();
  }
}

function bindError(address: BindAddress, error: unknown): VelocityGateError {
  const code = codeOf(error);
  const reason = reasons[code] ?? String(error);
  return new VelocityGateError(
    "SETTINGS_INVALID",
    `cannot listen on ${formatAddress(address)} (${settingsOf(address)}): ${reason}${code === "" ? "" : ` (${code})`}`,
    { cause: error },
  );
}

/** Where an operator says so. */
function settingsOf(address: BindAddress): string {
  return "socketPath" in address ? "GRPC_UDS" : "GRPC_HOST, GRPC_PORT";
}

function formatAddress(address: BindAddress): string {
  if ("socketPath" in address) return `unix:${address.socketPath}`;
  return address.host.includes(":")
    ? `[${address.host}]:${address.port}`
    : `${address.host}:${address.port}`;
}

function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}
