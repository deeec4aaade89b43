import { connect, type Socket } from "node:net";
import type { Target, Transport } from "./transport.ts";

const connectTimeoutMs = 1_500;

/** A server that takes nothing for so long is as good as gone. */
const sendTimeoutMs = 1_000;

/** One connection, opened again when it is gone. */
export class TcpTransport implements Transport {
  readonly pieceBytesMax = 64 * 1024;
  readonly #target: Target;
  readonly #sendTimeoutMs: number;
  #socket: Socket | undefined;

  /** @param sendTimeout in milliseconds, for tests */
  constructor(target: Target, sendTimeout = sendTimeoutMs) {
    this.#target = target;
    this.#sendTimeoutMs = sendTimeout;
  }

  async open(): Promise<void> {
    if (this.#socket?.writable) return;
    const socket = await connected(this.#target);
    this.#socket = socket;
    socket.once("close", () => {
      if (this.#socket === socket) this.#socket = undefined;
    });
  }

  send(piece: Buffer): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined) return Promise.reject(new Error("the connection is closed"));
    return withTimeout(this.#sendTimeoutMs, socket, "the server takes nothing", (resolve, reject) =>
      socket.write(piece, (error) => (error ? reject(error) : resolve())),
    );
  }

  close(): void {
    this.#socket?.destroySoon();
    this.#socket = undefined;
  }
}

function connected({ host, port, family }: Target): Promise<Socket> {
  // An empty host is this machine, as it is for the reference.
  const socket = connect({ host: host || "localhost", port, family, keepAlive: true });
  // What comes back is of no interest, and must not wait here.
  socket.unref().resume();
  return withTimeout(connectTimeoutMs, socket, "no connection in time", (resolve, reject) => {
    socket.once("connect", () => resolve(socket));
    socket.on("error", reject);
    socket.once("close", () => reject(new Error("the connection was closed")));
  });
}

/** Ends the connection when it takes too long. */
function withTimeout<Result>(
  timeoutMs: number,
  socket: Socket,
  complaint: string,
  act: (resolve: (result: Result) => void, reject: (error: Error) => void) => void,
): Promise<Result> {
  return new Promise<Result>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(complaint));
      socket.destroy();
    }, timeoutMs).unref();
    const settled =
      <Value>(settle: (value: Value) => void) =>
      (value: Value) => {
        clearTimeout(timer);
        settle(value);
      };
    act(settled(resolve), settled(reject));
  });
}
