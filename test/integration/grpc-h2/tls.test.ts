import { readFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { Client, credentials } from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "@jest/globals";
import type { GrpcServer, Methods } from "../../../src/grpc/engine.ts";
import { type ServerTls, startH2Server } from "../../../src/grpc/h2/server.ts";
import { unaryPath } from "../../support/h2/frames.ts";

const pem = (name: string) => readFileSync(join(import.meta.dirname, "../../support/tls", name));
const ca = pem("ca.crt");
const identity: ServerTls = { cert: pem("server.crt"), key: pem("server.key") };
const methods: Methods = { unary: new Map([[unaryPath, (request) => request]]), stream: new Map() };

describe("TLS", () => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  async function start(tls: ServerTls = identity): Promise<GrpcServer> {
    const server = await startH2Server(
      methods,
      { host: "127.0.0.1", port: 0 },
      {
        messageBytesMax: 2 ** 20,
        connectionAgeMaxMs: 3_600_000,
        connectionAgeGraceMs: 1000,
        concurrentStreamsMax: 100,
        onError: (error) => {
          throw error;
        },
      },
      { tls },
    );
    closers.push(() => server.close());
    return server;
  }

  function ask(server: GrpcServer, ...client: [Buffer, Buffer] | []): Promise<Buffer> {
    const [key = null, cert = null] = client;
    const grpc = new Client(`127.0.0.1:${server.port}`, credentials.createSsl(ca, key, cert), {
      "grpc.ssl_target_name_override": "localhost",
    });
    closers.push(() => grpc.close());
    const message = Buffer.alloc(100_000, "secret");
    const same = (bytes: Buffer) => bytes;
    return new Promise((resolve, reject) => {
      grpc.makeUnaryRequest(unaryPath, same, same, message, (error, answer) => {
        if (error === null) resolve(answer ?? Buffer.alloc(0));
        else reject(error);
      });
    });
  }

  /** How a handshake and what follows end: the protocol that was agreed on, or the error. */
  function handshake(server: GrpcServer, options: ConnectionOptions): Promise<string> {
    const socket: TLSSocket = connect({
      host: "127.0.0.1",
      port: server.port ?? 0,
      ca,
      ...options,
    });
    closers.push(() => socket.destroy());
    socket.resume();
    return new Promise((resolve) => {
      let agreed = "closed";
      socket.once("secureConnect", () => {
        agreed = String(socket.alpnProtocol);
        if (agreed === "h2") resolve("h2");
      });
      socket.once("error", (error) => resolve(`error: ${error.message}`));
      socket.once("close", () => resolve(`closed after ${agreed}`));
    });
  }

  test("a gRPC client that trusts the certificate is served, long messages as well", async () => {
    expect(await ask(await start())).toHaveLength(100_000);
  });

  test("h2 is agreed on by ALPN", async () => {
    const server = await start();
    expect(await handshake(server, { ALPNProtocols: ["h2"] })).toBe("h2");
    expect(await handshake(server, { ALPNProtocols: ["http/1.1", "h2"] })).toBe("h2");
    expect(await handshake(server, { ALPNProtocols: ["h2"], maxVersion: "TLSv1.2" })).toBe("h2");
  });

  test.each<[string, ConnectionOptions]>([
    ["offers another protocol only", { ALPNProtocols: ["http/1.1"] }],
    ["offers none", {}],
    ["knows TLS 1.1 only", { ALPNProtocols: ["h2"], maxVersion: "TLSv1.1", minVersion: "TLSv1" }],
    [
      "offers only what HTTP/2 prohibits",
      {
        ALPNProtocols: ["h2"],
        maxVersion: "TLSv1.2",
        ciphers: "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA",
      },
    ],
    ["wants another name", { ALPNProtocols: ["h2"], servername: "example.com" }],
  ])("a client that %s is not served", async (_what, options) => {
    expect(await handshake(await start(), options)).toMatch(/^(error|closed)/);
  });

  test("clients may have to show a certificate of a given CA", async () => {
    const server = await start({ ...identity, clientCa: ca });
    expect(await ask(server, pem("client.key"), pem("client.crt"))).toHaveLength(100_000);
    await expect(ask(server)).rejects.toMatchObject({ code: 14 });
  });

  test("a drain does not wait for a handshake that never ends", async () => {
    const server = await start();
    const silent = connectTcp({ host: "127.0.0.1", port: server.port ?? 0 });
    closers.push(() => silent.destroy());
    silent.on("error", () => {});
    await new Promise((resolve) => silent.once("connect", resolve));
    await handshake(server, { ALPNProtocols: ["h2"] });
    await server.drain(200);
  });
});
