/**
 * The engine that frames HTTP/2 itself: RFC 9113 §3.3 (prior knowledge: clear text, no upgrade) or §3.2 (TLS with ALPN). This file has
 * the sockets and the timers; a connection is told when something has arrived and when a tick or too much time is over.
 */

import type { Server, Socket } from "node:net";
import type { EngineOptions, GrpcServer, ListenAddress, Methods, StartEngine } from "../engine.ts";
import { allClosed, listen } from "../listen.ts";
import { createListener } from "../listener.ts";
import { Admission } from "./admission.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import { defaultLimits, type H2Limits } from "./limits.ts";
import { MessageBudget } from "./messages.ts";
import { methodTable } from "./methods.ts";
import { OutputBuffers } from "./output.ts";
import type { Serving } from "./serving.ts";

/** What only this engine takes; absent means the default of each. */
export interface H2Options {
  readonly limits?: Partial<H2Limits>;
  readonly nowMs?: () => number;
  readonly random?: () => number;
}

/** Deadlines are watched this closely; a client that has one stops waiting by itself. */
const deadlineWatchMs = 25;
/** To look at ten thousand idle connections every second takes 0.24 % of a core, every five seconds 0.07 % (bench/h2/idle.ts). */
const checkMsMax = 5000;
const drainCheckMs = 100;

export const startH2: StartEngine = (methods, address, options) =>
  startH2Server(methods, address, options, {});

/** `startH2` with what only this engine takes. */
export async function startH2Server(
  methods: Methods,
  address: ListenAddress,
  options: EngineOptions,
  h2Options: H2Options,
): Promise<GrpcServer> {
  const server = new H2Server(methods, options, h2Options);
  await server.listen(address);
  return server;
}

class H2Server implements GrpcServer, ConnectionOwner {
  readonly buffers = new OutputBuffers();
  readonly nowMs: () => number;
  readonly random: () => number;

  readonly #listener: Server;
  readonly #stopped: Promise<void>;
  readonly #serving: Serving;
  readonly #sockets = new Set<Socket>();
  readonly #connections = new Set<Connection>();
  #port: number | undefined;
  #isDraining: boolean = false;
  /** Connections that have something to say. */
  #talking: Connection[] = [];
  /** Connections that have calls with deadlines. */
  readonly #watched = new Set<Connection>();
  #watchTimer: NodeJS.Timeout | undefined;
  #checkTimer: NodeJS.Timeout;

  constructor(methods: Methods, options: EngineOptions, h2Options: H2Options) {
    const limits = { ...defaultLimits, ...h2Options.limits };
    this.nowMs = h2Options.nowMs ?? Date.now;
    this.random = h2Options.random ?? Math.random;
    const budget = new MessageBudget(limits.partialMessageBytesOfServerMax);
    const admission = new Admission(options.waitMaxMs ?? Number.POSITIVE_INFINITY);
    this.#serving = { methods: methodTable(methods), options, limits, budget, admission };
    this.#listener = createListener(options.tls, limits.handshakeMaxMs, (socket) =>
      this.#accept(socket),
    );
    this.#listener.maxConnections = limits.connectionsMax;
    this.#listener.on("connection", (socket: Socket) => this.#track(socket));
    this.#listener.on("error", (error) => {
      // Out of file descriptors, say: the connection is lost, the server goes on.
      if (this.#listener.listening) options.onError(error, "accept");
    });
    this.#stopped = new Promise((resolve) => {
      this.#listener.once("close", resolve);
    });
    this.#checkTimer = setInterval(() => this.#check(), checkIntervalMs(options)).unref();
  }

  get port(): number | undefined {
    return this.#port;
  }

  async listen(address: ListenAddress): Promise<void> {
    try {
      this.#port = await listen(this.#listener, address);
    } catch (error) {
      clearInterval(this.#checkTimer);
      throw error;
    }
  }

  async drain(graceMs: number): Promise<void> {
    this.#isDraining = true;
    this.#listener.close();
    clearInterval(this.#checkTimer);
    this.#checkTimer = setInterval(() => this.#check(), drainCheckMs).unref();
    for (const connection of this.#connections) connection.drain();
    const bound = setTimeout(() => this.#destroySockets(), graceMs);
    await this.#stop();
    clearTimeout(bound);
  }

  async close(): Promise<void> {
    this.#listener.close();
    this.#destroySockets();
    await this.#stop();
  }

  schedule(connection: Connection): void {
    // The end of the tick: whatever else has arrived in it is answered by the same write.
    if (this.#talking.push(connection) === 1) setImmediate(() => this.#flush());
  }

  watchDeadlines(connection: Connection): void {
    this.#watched.add(connection);
    this.#watchTimer ??= setTimeout(() => this.#expire(), deadlineWatchMs).unref();
  }

  /** When the last connection is gone. */
  async #stop(): Promise<void> {
    await this.#stopped;
    await allClosed(this.#sockets);
    clearInterval(this.#checkTimer);
    clearTimeout(this.#watchTimer);
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    // A reset connection is an everyday event; its calls hear of it as cancellations.
    socket.on("error", ignore);
  }

  #accept(socket: Socket): void {
    const connection = new Connection(socket, this, this.#serving);
    this.#connections.add(connection);
    socket.on("data", (chunk: Buffer) => connection.receive(chunk));
    socket.on("drain", () => connection.onDrain());
    socket.once("close", () => {
      this.#connections.delete(connection);
      this.#watched.delete(connection);
      connection.onClose();
    });
    if (this.#isDraining) connection.drain();
  }

  #flush(): void {
    const talking = this.#talking;
    this.#talking = [];
    for (const connection of talking) connection.flush();
  }

  #expire(): void {
    this.#watchTimer = undefined;
    const nowMs = this.nowMs();
    for (const connection of this.#watched) {
      if (!connection.expire(nowMs)) this.#watched.delete(connection);
    }
    if (this.#watched.size > 0) {
      this.#watchTimer = setTimeout(() => this.#expire(), deadlineWatchMs).unref();
    }
  }

  #check(): void {
    const nowMs = this.nowMs();
    for (const connection of this.#connections) connection.check(nowMs);
  }

  #destroySockets(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Often enough that no bound is missed by more than a quarter, or by `checkMsMax`. */
function checkIntervalMs({ connectionAgeMaxMs, connectionAgeGraceMs }: EngineOptions): number {
  return Math.max(10, Math.min(checkMsMax, connectionAgeMaxMs / 4, connectionAgeGraceMs / 4));
}

function ignore(): void {}
