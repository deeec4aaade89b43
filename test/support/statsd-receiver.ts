import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";

/** A statsd server that keeps what it was sent. */
export interface StatsdReceiver {
  readonly port: number;
  /** Every line, in its order, as bytes in Latin-1. */
  readonly lines: readonly string[];
  /** How long the datagrams were. */
  readonly datagramBytes: readonly number[];
  /** Connections that are open. */
  readonly connections: number;
  /** What counters have grown by altogether, by everything in a line but the value. */
  counters(): Readonly<Record<string, number>>;
  /** The latest value of each gauge. */
  gauges(): Readonly<Record<string, number>>;
  /** How many observations there were of each timer; a sampled one counts for those it stands for. */
  timings(): Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

/** Takes datagrams on a port of 127.0.0.1. */
export async function receiveUdp(port = 0): Promise<StatsdReceiver> {
  const socket = createSocket("udp4");
  const kept = new Kept();
  socket.on("message", (datagram) => {
    kept.datagramBytes.push(datagram.length);
    kept.take(datagram);
  });
  socket.bind(port, "127.0.0.1");
  await once(socket, "listening");
  return kept.receiver(socket.address().port, async () => {
    socket.close();
    await once(socket, "close");
  });
}

export interface TcpReceiverOptions {
  /** `undefined`: a free one. */
  readonly port?: number;
  /** Takes connections and reads nothing. */
  readonly isStuck?: boolean;
}

/** Takes connections on a port of 127.0.0.1. */
export async function receiveTcp(options: TcpReceiverOptions = {}): Promise<StatsdReceiver> {
  const kept = new Kept();
  const server = createServer((socket) => {
    kept.sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => kept.sockets.delete(socket));
    if (options.isStuck) socket.pause();
    else socket.on("data", (bytes) => kept.take(bytes));
  });
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  return kept.receiver(portOf(server), async () => {
    for (const socket of kept.sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

class Kept {
  readonly lines: string[] = [];
  readonly datagramBytes: number[] = [];
  readonly sockets = new Set<Socket>();
  #rest = "";

  take(bytes: Buffer): void {
    const lines = (this.#rest + bytes.toString("latin1")).split("\n");
    this.#rest = lines.pop() ?? "";
    this.lines.push(...lines.filter((line) => line !== ""));
  }

  receiver(port: number, stop: () => Promise<void>): StatsdReceiver {
    const { lines, datagramBytes, sockets } = this;
    return {
      port,
      lines,
      datagramBytes,
      get connections() {
        return sockets.size;
      },
      counters: () => collect(lines, "c", (before, value) => before + value),
      gauges: () => collect(lines, "g", (_, value) => value),
      timings: () => collect(lines, "ms", (before, _, rate) => before + Math.trunc(1 / rate)),
      stop,
    };
  }
}

const lineSyntax =
  /^(?<name>[^|]*):(?<value>[0-9.]+)\|(?<type>c|g|ms)(?:\|@(?<rate>[0-9.]+))?(?<tags>\|#.*)?$/;

/** @throws Error for a line that is none of the protocol */
function collect(
  lines: readonly string[],
  wanted: string,
  add: (before: number, value: number, rate: number) => number,
): Readonly<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const line of lines) {
    const { name = "", value, type, rate = "1", tags = "" } = lineSyntax.exec(line)?.groups ?? {};
    if (type === undefined) throw new Error(`not a line of statsd: ${line}`);
    if (type !== wanted) continue;
    found[name + tags] = add(found[name + tags] ?? 0, Number(value), Number(rate));
  }
  return found;
}
