import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp } from "node:net";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { credentials } from "@grpc/grpc-js";
import { afterEach, expect, test } from "@jest/globals";
import type { GrpcServer } from "../../../../src/grpc/engine.ts";
import { Authority, type Identity } from "../../../support/certificates.ts";
import { eventually } from "../../../support/eventually.ts";
import { heldTls, serverTls } from "../../../support/tls-material.ts";
import { framed, gate, type Harness, Http2Call, unaryPath } from "../harness.ts";

const authority = new Authority();
const identity = authority.issue({ names: ["localhost"] });
const long = Buffer.alloc(100_000, "secret");

/** A server that shows a certificate. */
export function tlsBehaviours(harness: Harness): void {
  const sockets: TLSSocket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  const serve = (tls = serverTls(identity)) => harness.serve({ unary: (request) => request, tls });

  function handshake(server: GrpcServer, options: ConnectionOptions): TLSSocket {
    const socket = connect({
      host: "127.0.0.1",
      port: server.port ?? 0,
      servername: "localhost",
      ca: authority.cert,
      ...options,
    });
    sockets.push(socket);
    return socket.on("error", () => {}).resume();
  }

  /** How a handshake and what follows end: the protocol that was agreed on, or the error. */
  function outcome(server: GrpcServer, options: ConnectionOptions): Promise<string> {
    const socket = handshake(server, options);
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
    expect(await clientOf(harness, await serve()).ask(unaryPath, long)).toEqual(long);
  });

  test("h2 is agreed on by ALPN, with TLS 1.2 and 1.3", async () => {
    const server = await serve();
    expect(await outcome(server, { ALPNProtocols: ["h2"] })).toBe("h2");
    expect(await outcome(server, { ALPNProtocols: ["http/1.1", "h2"] })).toBe("h2");
    expect(await outcome(server, { ALPNProtocols: ["h2"], maxVersion: "TLSv1.2" })).toBe("h2");
  });

  test("a client that offers no protocol is served: Envoy's health checks offer none", async () => {
    const server = await serve();
    const socket = handshake(server, {});
    await new Promise((resolve) => socket.once("secureConnect", resolve));
    expect(socket.alpnProtocol).toBe(false);
    const session = connectHttp2("http://localhost", { createConnection: () => socket });
    const call = new Http2Call(
      session.request({
        ":method": "POST",
        ":path": unaryPath,
        te: "trailers",
        "content-type": "application/grpc",
      }),
    );
    call.stream.end(framed(Buffer.from("hello")));
    expect(await call.body).toEqual(framed(Buffer.from("hello")));
    session.destroy();
  });

  test.each<[string, string | undefined, ConnectionOptions]>([
    ["offers another protocol only", "handshake", { ALPNProtocols: ["http/1.1"] }],
    [
      "knows TLS 1.1 only",
      "handshake",
      { ALPNProtocols: ["h2"], maxVersion: "TLSv1.1", minVersion: "TLSv1" },
    ],
    [
      "offers only what HTTP/2 prohibits",
      "handshake",
      {
        ALPNProtocols: ["h2"],
        maxVersion: "TLSv1.2",
        ciphers: "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA",
      },
    ],
    ["wants another name", undefined, { ALPNProtocols: ["h2"], servername: "example.com" }],
    // Node's client looks at the certificate only after the handshake, and then goes without a word.
    ["trusts another CA", undefined, { ALPNProtocols: ["h2"], ca: new Authority().cert }],
  ])("a client that %s is not served", async (_what, reason, options) => {
    const refusals: { readonly reason: string; readonly text: string }[] = [];
    const server = await serve({ ...serverTls(identity), onRefused: (one) => refusals.push(one) });
    expect(await outcome(server, options)).toMatch(/^(error|closed)/);
    if (reason === undefined) expect(refusals).toEqual([]);
    else await eventually(() => expect(refusals).toMatchObject([{ reason }]));
  });

  test("what is not TLS is not served, and told", async () => {
    const refusals: { readonly reason: string; readonly text: string }[] = [];
    const server = await serve({ ...serverTls(identity), onRefused: (one) => refusals.push(one) });
    const plain = harness.client(server);
    await expect(plain.ask(unaryPath, long)).rejects.toMatchObject({ code: 14 });
    await eventually(() => expect(refusals[0]).toMatchObject({ reason: "handshake" }));
    expect(refusals[0]?.text).toMatch(/^the TLS handshake failed: .{1,60}$/);
  });

  test("who only looks whether the port is open is no refusal", async () => {
    const refusals: unknown[] = [];
    const server = await serve({ ...serverTls(identity), onRefused: (one) => refusals.push(one) });
    for (let i = 0; i < 3; i++) {
      const socket = connectTcp({ host: "127.0.0.1", port: server.port ?? 0 });
      await new Promise((resolve) => socket.once("connect", resolve));
      socket.destroy();
    }
    expect(await clientOf(harness, server).ask(unaryPath, long)).toEqual(long);
    expect(refusals).toEqual([]);
  });

  test("a drain does not wait for a handshake that never ends", async () => {
    const server = await serve();
    const silent = connectTcp({ host: "127.0.0.1", port: server.port ?? 0 });
    silent.on("error", () => {});
    await new Promise((resolve) => silent.once("connect", resolve));
    await outcome(server, { ALPNProtocols: ["h2"] });
    await server.drain(200);
    silent.destroy();
  });

  test("new connections get a new certificate, and a call under way is answered on the old one", async () => {
    const source = heldTls(identity);
    const { opened, open } = gate();
    let isAsked = false;
    const server = await harness.serve({
      unary: async (request) => {
        isAsked = true;
        await opened;
        return request;
      },
      tls: { ...serverTls(), source },
    });
    const before = clientOf(harness, server);
    const answer = before.ask(unaryPath, long);
    await eventually(() => isAsked);
    const next = authority.issue({ names: ["localhost"] });
    source.put({ ...next, ca: undefined });
    const socket = handshake(server, { ALPNProtocols: ["h2"] });
    await new Promise((resolve) => socket.once("secureConnect", resolve));
    expect(socket.getPeerX509Certificate()?.toString().trim()).toBe(next.cert.trim());
    open();
    expect(await answer).toEqual(long);
    expect(await before.ask(unaryPath, long)).toEqual(long);
  });
}

/** A gRPC client that trusts the authority of these tests, and shows a certificate when it has one. */
export function clientOf(harness: Harness, server: GrpcServer, shown?: Identity, ca = authority) {
  const buffer = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  return harness.client(
    server,
    { "grpc.ssl_target_name_override": "localhost" },
    credentials.createSsl(Buffer.from(ca.cert), buffer(shown?.key), buffer(shown?.cert)),
  );
}
