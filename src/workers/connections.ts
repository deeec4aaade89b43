/**
 * The gRPC port of all workers. The primary accepts, since it alone can see to it that each worker gets its part: Envoy opens few
 * connections and keeps them for hours, so that one too many on a worker stays for hours, too.
 */
import { createServer, type Socket } from "node:net";
import type { BindAddress } from "../grpc/engine.ts";
import { listen } from "../grpc/listen.ts";
import type { Log } from "../observe/log.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** A peer that vanished without a word is asked by the kernel whether it is there. */
const keepAliveInitialDelayMs = 30_000;

/** A worker that did not take a connection for so long is passed over while others do. */
const slowMs = 1_000;

export interface GrpcPort {
  /** `undefined` on a Unix socket. */
  readonly port: number | undefined;
  /** Takes no new connections. */
  close(): void;
}

/**
 * Opens the port; its connections go to the workers.
 *
 * @throws VelocityGateError (rejects) `SETTINGS_INVALID` when the address cannot be had.
 */
export async function openGrpcPort(
  address: BindAddress,
  pool: { readonly workers: readonly WorkerProcess[] },
  log: Log,
): Promise<GrpcPort> {
  const server = createServer({
    // What a client has sent is for the worker to read.
    pauseOnConnect: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveInitialDelayMs,
  });
  server.on("connection", (socket) => give(socket, pool.workers));
  const port = await listen(server, address);
  server.on("error", (error) => log.error("the gRPC listener failed", { error }));
  return { port, close: () => void server.close() };
}

/** With nobody to serve it, it is closed: a client that knows at once can ask elsewhere. */
function give(socket: Socket, workers: readonly WorkerProcess[]): void {
  // It may be reset before it is given away.
  socket.on("error", ignore);
  const worker = choose(workers);
  if (worker === undefined) socket.destroy();
  else worker.give(socket);
}

/** The worker with the fewest connections, of those that take what they are given; of several, the first. */
export function choose(workers: readonly WorkerProcess[]): WorkerProcess | undefined {
  const started = workers.filter(({ hasStarted }) => hasStarted);
  const quick = started.filter(({ waitedMs }) => waitedMs < slowMs);
  const able = quick.length > 0 ? quick : started;
  return able.reduce<WorkerProcess | undefined>(
    (least, one) => (least === undefined || one.connections < least.connections ? one : least),
    undefined,
  );
}

function ignore(): void {}
