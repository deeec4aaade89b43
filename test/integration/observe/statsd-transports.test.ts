import { describe, expect, test } from "@jest/globals";
import { TcpTransport } from "../../../src/observe/statsd/tcp.ts";
import { UdpTransport } from "../../../src/observe/statsd/udp.ts";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { eventually } from "../../support/eventually.ts";
import { freePort } from "../../support/ports.ts";
import { receiveTcp, receiveUdp } from "../../support/statsd-receiver.ts";

const cleanup = cleanupAfterEach();

const target = (port: number, host = "127.0.0.1") => ({ host, port, family: 0 }) as const;

describe("TCP", () => {
  const openTcp = async (port: number, sendTimeoutMs?: number) => {
    const transport = new TcpTransport(target(port), sendTimeoutMs);
    await cleanup.add(Promise.resolve({ stop: async () => transport.close() }));
    return transport;
  };

  test("keeps one connection for all pieces, and closes it when it is over", async () => {
    const receiver = await cleanup.add(receiveTcp());
    const transport = await openTcp(receiver.port);
    for (const line of ["a:1|c\n", "b:2|c\nc:3|c\n"]) {
      await transport.open();
      await transport.send(Buffer.from(line));
    }
    await eventually(() => expect(receiver.lines).toEqual(["a:1|c", "b:2|c", "c:3|c"]));
    expect(receiver.connections).toBe(1);
    transport.close();
    await eventually(() => receiver.connections === 0);
  });

  test("tells that nobody is there before anything is written", async () => {
    const transport = await openTcp(await freePort());
    await expect(transport.open()).rejects.toThrow("ECONNREFUSED");
    await expect(transport.send(Buffer.from("a:1|c\n"))).rejects.toThrow("closed");
  });

  test("connects anew to a server that was started again", async () => {
    const port = await freePort();
    const first = await receiveTcp({ port });
    const transport = await openTcp(port);
    await transport.open();
    await first.stop();
    // The end of the connection is noticed by itself.
    await eventually(() => expect(transport.open()).rejects.toThrow("ECONNREFUSED"));
    const second = await cleanup.add(receiveTcp({ port }));
    await transport.open();
    await transport.send(Buffer.from("a:1|c\n"));
    await eventually(() => expect(second.lines).toEqual(["a:1|c"]));
  });

  test("gives up on a server that takes nothing, and holds no more for it than the system does", async () => {
    const receiver = await cleanup.add(receiveTcp({ isStuck: true }));
    const transport = await openTcp(receiver.port, 200);
    await transport.open();
    const piece = Buffer.alloc(transport.pieceBytesMax, "a:1|c\n");
    let pieces = 0;
    const sendAll = async () => {
      for (; pieces < 10_000; pieces++) await transport.send(piece);
    };
    await expect(sendAll()).rejects.toThrow("takes nothing");
    expect(pieces * piece.length).toBeLessThan(64 * 1024 * 1024);
    // Its next connection is another one.
    await transport.open();
    await eventually(() => receiver.connections === 2);
  });
});

describe("UDP", () => {
  const openUdp = async (port: number, host?: string) => {
    const transport = new UdpTransport(target(port, host));
    await cleanup.add(Promise.resolve({ stop: async () => transport.close() }));
    return transport;
  };

  test.each(["127.0.0.1", "localhost", ""])(
    "sends one datagram for a piece, to %j",
    async (host) => {
      const receiver = await cleanup.add(receiveUdp());
      const transport = new UdpTransport({ host, port: receiver.port, family: 4 });
      await cleanup.add(Promise.resolve({ stop: async () => transport.close() }));
      await transport.open();
      await transport.send(Buffer.from("a:1|c\n"));
      await transport.open();
      await transport.send(Buffer.from("b:1|c\n"));
      await eventually(() => expect(receiver.lines).toEqual(["a:1|c", "b:1|c"]));
      expect(receiver.datagramBytes).toEqual([6, 6]);
    },
  );

  test("does not mind that nobody listens, as nobody can know", async () => {
    const transport = await openUdp(await freePort());
    for (let i = 0; i < 5; i++) {
      await transport.open();
      await transport.send(Buffer.from("a:1|c\n"));
    }
  });

  test("tells of a host that has no address", async () => {
    const transport = await openUdp(8125, "no-such-host.invalid");
    await expect(transport.open()).rejects.toThrow(/ENOTFOUND|EAI_AGAIN/);
    await expect(transport.send(Buffer.from("a:1|c\n"))).rejects.toThrow("not open");
  });
});
