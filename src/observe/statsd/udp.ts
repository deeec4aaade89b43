import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import type { Target, Transport } from "./transport.ts";

/** Fits into one packet of an Ethernet without being taken apart, as the reference's datagrams do. */
const datagramBytesMax = 1_432;

/** Sends datagrams; nobody knows whether they arrive. The host is looked up again before each time, as its address may change. */
export class UdpTransport implements Transport {
  readonly pieceBytesMax = datagramBytesMax;
  readonly #target: Target;
  #socket: Socket | undefined;
  #family = 0;
  #address = "";

  constructor(target: Target) {
    this.#target = target;
  }

  async open(): Promise<void> {
    const { host, family: wanted } = this.#target;
    // An empty host is this machine, as it is for the reference.
    const { address, family } = await lookup(host || "localhost", { family: wanted });
    if (family !== this.#family) this.close();
    this.#socket ??= openSocket(family);
    this.#family = family;
    this.#address = address;
  }

  send(piece: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = this.#socket;
      if (socket === undefined) reject(new Error("the socket is not open"));
      else {
        socket.send(piece, this.#target.port, this.#address, (error) =>
          error === null ? resolve() : reject(error),
        );
      }
    });
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }
}

function openSocket(family: number): Socket {
  const socket = createSocket(family === 6 ? "udp6" : "udp4");
  // Told to whoever sends.
  socket.on("error", () => undefined);
  return socket.unref();
}
