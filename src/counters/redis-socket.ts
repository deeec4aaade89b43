import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { AbstractConnector, type RedisOptions } from "ioredis";

/**
 * Opens the socket of a connection. ioredis' own connector listens to the first error of a socket only, and a TLS socket may report
 * two (its own and the other side's alert): the second one would end the process. Closing is at once, without a goodbye.
 */
export class RedisSocket extends AbstractConnector {
  readonly #options: RedisOptions;
  #socket: Socket | undefined;

  constructor(options: unknown) {
    super(0);
    this.#options = options as RedisOptions;
  }

  override async connect(): Promise<Socket> {
    const { path, host = "localhost", port = 6379, tls } = this.#options;
    const socket = tls
      ? connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }), ...tls })
      : connect(path ? { path } : { host, port });
    socket.on("error", (error) => {
      this.firstError ??= error;
    });
    this.connecting = true;
    this.stream = socket;
    this.#socket = socket;
    return socket;
  }

  override disconnect(): void {
    this.connecting = false;
    this.#socket?.destroy();
  }
}
