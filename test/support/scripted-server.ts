import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { RedisAddress } from "../../src/counters/redis-settings.ts";

/** A server that says what a test wants it to say. */
export interface ScriptedServer {
  readonly address: RedisAddress;
  /** Everything that was sent to it, on all connections. */
  readonly received: string;
  /** How the other sides ended their connections, in turn: with a goodbye, or cut off. */
  readonly endings: readonly ("goodbye" | "cut")[];
  stop(): Promise<void>;
}

/** @param onData is told what comes, as it comes */
export async function startScripted(
  onData: (text: string, socket: Socket) => void,
): Promise<ScriptedServer> {
  let received = "";
  const endings: ("goodbye" | "cut")[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("data", (bytes) => {
      received += bytes.toString("latin1");
      onData(bytes.toString("latin1"), socket);
    });
    socket.on("error", () => endings.push("cut"));
    socket.on("end", () => endings.push("goodbye"));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: { host: "127.0.0.1", port: (server.address() as AddressInfo).port },
    get received() {
      return received;
    },
    endings,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
