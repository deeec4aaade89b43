import { createSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";

/** What an SRV record names. */
export interface SrvTarget {
  readonly name: string;
  readonly port: number;
}

/** A DNS server on 127.0.0.1 that knows SRV records (RFC 1035, RFC 2782) and nothing else. */
export interface DnsServer {
  /** `127.0.0.1:port`, as `Resolver.setServers` takes it. */
  readonly address: string;
  /** Every name that was asked for. */
  readonly asked: readonly string[];
  /** What is answered from now on; no target: there is no such name. */
  answer(targets: readonly SrvTarget[]): void;
  stop(): Promise<void>;
}

const headerBytes = 12;
const typeSrv = 33;
const classInternet = 1;
const noSuchName = 3;

export async function startDns(): Promise<DnsServer> {
  const socket = createSocket("udp4");
  const asked: string[] = [];
  let known: readonly SrvTarget[] = [];
  socket.on("message", (query: Buffer, from: RemoteInfo) => {
    asked.push(nameAt(query, headerBytes));
    socket.send(answerTo(query, known), from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    answer: (targets) => {
      known = targets;
    },
    stop: async () => {
      socket.close();
      await once(socket, "close");
    },
  };
}

function answerTo(query: Buffer, targets: readonly SrvTarget[]): Buffer {
  // The question: a name, its type and its class. What follows (EDNS) is left out.
  const question = query.subarray(headerBytes, query.indexOf(0, headerBytes) + 5);
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(query.readUInt16BE(0), 0);
  // A response, recursion desired and available.
  header.writeUInt16BE(0x8180 | (targets.length === 0 ? noSuchName : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(targets.length, 6);
  return Buffer.concat([header, question, ...targets.map(toRecord)]);
}

function toRecord({ name, port }: SrvTarget): Buffer {
  const target = Buffer.concat(
    [...name.split("."), ""].map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
  );
  const head = Buffer.alloc(18);
  // The name is that of the question, which begins behind the header.
  head.writeUInt16BE(0xc000 | headerBytes, 0);
  head.writeUInt16BE(typeSrv, 2);
  head.writeUInt16BE(classInternet, 4);
  head.writeUInt32BE(0, 6);
  head.writeUInt16BE(6 + target.length, 10);
  // Priority and weight are 0.
  head.writeUInt16BE(port, 16);
  return Buffer.concat([head, target]);
}

function nameAt(message: Buffer, from: number): string {
  const labels: string[] = [];
  for (let at = from; message[at] !== 0; at += 1 + (message[at] as number)) {
    labels.push(message.toString("latin1", at + 1, at + 1 + (message[at] as number)));
  }
  return labels.join(".");
}
