/** The client's end of a socket on which a test writes HTTP/2 byte by byte. */

import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { eventually } from "../eventually.ts";
import { Answers } from "./answers.ts";
import { preface, settings, settingsAck } from "./frames.ts";

export class RawClient {
  readonly answers = new Answers();
  readonly #socket: Socket;
  isClosed: boolean = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.answers.take(chunk));
    // A server that ends a connection may reset it while the test still writes.
    socket.on("error", () => {});
    socket.once("close", () => {
      this.isClosed = true;
    });
  }

  /** @param ca the certificate to trust; in the clear without it */
  static async open(port: number, ca?: string): Promise<RawClient> {
    const address = { host: "127.0.0.1", port };
    const socket =
      ca === undefined ? connect(address) : connectTls({ ...address, ca, ALPNProtocols: ["h2"] });
    const client = new RawClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once(ca === undefined ? "connect" : "secureConnect", resolve);
      socket.once("error", reject);
    });
    return client;
  }

  /** A connection whose greetings are exchanged. */
  static async greeted(port: number, ca?: string): Promise<RawClient> {
    const client = await RawClient.open(port, ca);
    client.send(preface, settings(), settingsAck());
    await client.until(({ frames }) => frames.length >= 3);
    return client;
  }

  /** What has been sent and not been taken by the kernel. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  send(...bytes: readonly Uint8Array[]): this {
    this.#socket.write(Buffer.concat(bytes));
    return this;
  }

  /** Waits until what has been said is as `check` wants it. */
  async until(check: (answers: Answers) => boolean): Promise<void> {
    await eventually(() => check(this.answers), { intervalMs: 1 });
  }

  async untilClosed(): Promise<void> {
    await eventually(() => this.isClosed, { intervalMs: 1 });
  }

  /** Stops reading from the socket. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
