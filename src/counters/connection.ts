import type { Socket } from "node:net";
import { earlyEndText } from "../tls/failure.ts";
import type { Dialect, ReplyReader } from "./dialect.ts";
import type { Words } from "./encodable.ts";
import { ErrorReply, type Reply } from "./reply.ts";
import { reasonOf } from "./store-errors.ts";
import { Watch } from "./watch.ts";

/** Takes the replies to what was sent in one go, in their order. */
export interface Replies {
  /** Answers whether this was the last one. */
  take(reply: Reply): boolean;
  /** Those that have not come yet will not come any more. */
  lose(): void;
}

/** Where a socket puts what it reads: `onread` of `net.connect` and `tls.connect`. */
export interface ReadInto {
  readonly buffer: Uint8Array;
  readonly callback: (length: number, bytes: Uint8Array) => boolean;
}

/**
 * What is read is parsed at once, before anything else happens, and none of it is kept: so one buffer is enough for all connections,
 * and the system need not be given a new one for each read.
 */
const readBuffer = Buffer.allocUnsafeSlow(65_536);

/** How long a connection that we end may take to say goodbye before it is cut. */
const goodbyeMs = 100;

/**
 * One connection to a server, from its first packet to its end. What it is given it sends at once and once: nothing is queued
 * for later, and nothing is sent again.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #dialect: Dialect;
  readonly #reader: ReplyReader;
  readonly #onEnd: (reason: string) => void;
  /** Who waits for replies, in the order of what was sent. */
  readonly #due: Replies[] = [];
  #watch: Watch | undefined;
  #failure: string = "";
  #hasHeard: boolean = false;
  #isEnded: boolean = false;

  /**
   * @param dialect what the server speaks
   * @param open opens the socket, and has it read into what it is given
   * @param onEnd called once, with the reason, before those who wait for replies are told that none will come
   */
  constructor(dialect: Dialect, open: (into: ReadInto) => Socket, onEnd: (reason: string) => void) {
    this.#dialect = dialect;
    this.#onEnd = onEnd;
    this.#reader = dialect.createReader((reply) => this.#take(reply));
    this.#socket = open({
      buffer: readBuffer,
      callback: (length) => {
        this.#receive(length);
        return true;
      },
    });
    // A TLS socket may report two errors, its own and the other side's alert. The first one says what happened.
    this.#socket.on("error", (error) => {
      this.#failure ||= this.#hasHeard ? reasonOf(error) : earlyFailureText(error, this.#socket);
    });
    this.#socket.once("close", () => {
      const reason = this.#hasHeard ? undefined : earlyEndText(this.#socket);
      this.#finish(this.#failure || (reason ?? "the server closed the connection"));
    });
  }

  /** Sends commands as `Dialect.encode` has them, in one write. When the connection has ended, the replies are lost at once. */
  send(request: string, replies: Replies): void {
    if (this.#isEnded) {
      replies.lose();
      return;
    }
    if (this.#due.push(replies) === 1) this.#watch?.restart();
    this.#socket.write(request, "latin1");
  }

  /** Sends one command. @throws Error (rejects) with the server's text when it refuses it, or when no reply comes. */
  ask(...words: Words): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.send(this.#dialect.encodeWords(words), {
        take(reply) {
          if (reply instanceof ErrorReply) reject(new Error(reply.text));
          else resolve(reply);
          return true;
        },
        lose: () => reject(new Error(this.#failure || "the connection has ended")),
      });
    });
  }

  /** From now on ends the connection when replies are due and nothing comes for `silenceMaxMs`, and lets it be idle no longer than `idleMaxMs`. */
  watch(silenceMaxMs: number, idleMaxMs: number): void {
    if (this.#isEnded) return;
    this.#watch = new Watch(silenceMaxMs, idleMaxMs, {
      isDue: () => this.#due.length > 0,
      ping: () => void this.ask(...this.#dialect.ping).catch(() => undefined),
      giveUp: (reason) => this.end(reason),
    });
  }

  /** Ends it: with a goodbye when everything is answered, at once when not. */
  end(reason: string): void {
    if (this.#isEnded) return;
    if (this.#due.length === 0) {
      this.#socket.end();
      setTimeout(() => this.#socket.destroy(), goodbyeMs).unref();
    } else {
      this.#socket.destroy();
    }
    this.#finish(reason);
  }

  #receive(length: number): void {
    if (this.#isEnded) return;
    this.#hasHeard = true;
    this.#watch?.restart();
    try {
      this.#reader.push(readBuffer, length);
    } catch (error) {
      this.#failure = reasonOf(error);
      this.#socket.destroy();
      this.#finish(this.#failure);
    }
  }

  #take(reply: Reply): void {
    // Whoever took the reply before may have ended the connection.
    if (this.#isEnded) return;
    const [first] = this.#due;
    if (first === undefined)
      throw new Error(`${this.#dialect.server} answered more than it was asked`);
    if (first.take(reply)) this.#due.shift();
  }

  #finish(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#failure ||= reason;
    this.#watch?.stop();
    this.#onEnd(reason);
    for (const replies of this.#due.splice(0)) replies.lose();
  }
}

/** Nothing was heard of the server yet. */
function earlyFailureText(error: NodeJS.ErrnoException, socket: Socket): string {
  const isEnd = error.code === "ECONNRESET" || error.code === "EPIPE";
  return (isEnd ? earlyEndText(socket) : undefined) ?? reasonOf(error);
}
