import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

export interface Target {
  readonly port: number;
  /** The certificate to trust, as PEM; `undefined`: in the clear. */
  readonly certificate: string | undefined;
}

export interface ChannelListener {
  /** The bytes are only good until the function returns. */
  onBytes(chunk: Buffer): void;
  /** `undefined`: the server closed it in order. */
  onEnd(error: Error | undefined): void;
}

/** A connection to the server, whatever is on it. */
export interface Channel {
  readonly opened: Promise<void>;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  write(bytes: Buffer): void;
  close(): void;
}

const host = "127.0.0.1";

/** All sockets read into the same bytes: a chunk is used up before the next one is read. */
const readBuffer = Buffer.allocUnsafeSlow(262_144);

export function openChannel({ port, certificate }: Target, listener: ChannelListener): Channel {
  let bytesReceived = 0;
  let bytesSent = 0;
  const take = (chunk: Buffer) => {
    bytesReceived += chunk.length;
    listener.onBytes(chunk);
  };
  const { socket, opened } =
    certificate === undefined ? openPlain(port, take) : openSecure(port, certificate, take);
  socket.setNoDelay(true);
  socket.on("error", (error) => listener.onEnd(error));
  socket.on("close", () => listener.onEnd(undefined));
  return {
    opened,
    get bytesSent() {
      return bytesSent;
    },
    get bytesReceived() {
      return bytesReceived;
    },
    write(bytes) {
      bytesSent += bytes.length;
      socket.write(bytes);
    },
    close: () => socket.destroy(),
  };
}

interface Opening {
  readonly socket: Socket;
  readonly opened: Promise<void>;
}

function openPlain(port: number, take: (chunk: Buffer) => void): Opening {
  const callback = (count: number) => {
    take(readBuffer.subarray(0, count));
    return true;
  };
  const socket = connect({ host, port, onread: { buffer: readBuffer, callback } });
  return { socket, opened: once(socket, "connect").then(() => undefined) };
}

function openSecure(port: number, certificate: string, take: (chunk: Buffer) => void): Opening {
  const socket = connectTls({ host, port, ca: certificate, ALPNProtocols: ["h2"] });
  socket.on("data", take);
  const opened = once(socket, "secureConnect").then(() => {
    if (socket.alpnProtocol !== "h2") throw new Error("the server does not speak HTTP/2 over TLS");
  });
  return { socket, opened };
}
