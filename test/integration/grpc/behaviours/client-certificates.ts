import { connect, type TLSSocket } from "node:tls";
import { expect, test } from "@jest/globals";
import type { Refusal } from "../../../../src/tls/client-certificate.ts";
import { parseSanNames } from "../../../../src/tls/names.ts";
import {
  Authority,
  type CertificateOptions,
  type Identity,
} from "../../../support/certificates.ts";
import { eventually } from "../../../support/eventually.ts";
import { heldTls, serverTls } from "../../../support/tls-material.ts";
import { type Harness, unaryPath } from "../harness.ts";
import { clientOf } from "./tls.ts";

const authority = new Authority("Client CA");
const own = new Authority("Server CA");
const server = own.issue();
const hourMs = 3_600_000;
const yesterday = new Date(Date.now() - 24 * hourMs);
const tomorrow = new Date(Date.now() + 24 * hourMs);
const message = Buffer.from("hello");

/** A server that asks its clients for certificates. */
export function clientCertificateBehaviours(harness: Harness): void {
  const serve = async (names = "") => {
    const refusals: Refusal[] = [];
    const source = heldTls({ ...server, ca: authority.cert });
    const tls = { ...serverTls({}, refusals), source, clientNames: parseSanNames(names) ?? [] };
    const started = await harness.serve({ unary: (request) => request, tls });
    const ask = (shown?: Identity) =>
      clientOf(harness, started, shown, own).ask(unaryPath, message);
    return { started, refusals, source, ask };
  };

  test("a client with a certificate of the CA is served", async () => {
    const { ask, refusals } = await serve();
    expect(await ask(authority.issue({ names: [] }))).toEqual(message);
    expect(refusals).toEqual([]);
  });

  test.each<[what: string, reason: string, text: RegExp, shown: Identity | undefined]>([
    ["without a certificate", "no_certificate", /^it showed no certificate$/, undefined],
    [
      "with one of another CA",
      "untrusted",
      /its certificate \(DNS:localhost, IP Address:127\.0\.0\.1\) is refused: [A-Z_]+$/,
      new Authority("Client CA").issue(),
    ],
    [
      "with one that has expired",
      "expired",
      /is refused: CERT_HAS_EXPIRED$/,
      authority.issue({ from: new Date(yesterday.getTime() - hourMs), to: yesterday }),
    ],
    [
      "with one that is not valid yet",
      "expired",
      /is refused: CERT_NOT_YET_VALID$/,
      authority.issue({ from: tomorrow, to: new Date(tomorrow.getTime() + hourMs) }),
    ],
    [
      "with one that is for servers only",
      "untrusted",
      /is refused: INVALID_PURPOSE$/,
      authority.issue({ purpose: "server" }),
    ],
  ])("a client %s is refused, and the reason is told", async (_what, reason, text, shown) => {
    const { ask, refusals } = await serve();
    await expect(ask(shown)).rejects.toMatchObject({ code: 14 });
    expect(refusals[0]).toEqual({
      reason,
      text: expect.stringMatching(text),
      client: "127.0.0.1",
    });
  });

  const spiffe = "spiffe://cluster.local/ns/gateway/sa/envoy";
  test.each<[asked: string, names: CertificateOptions["names"], isServed: boolean]>([
    ["envoy.example.com", ["other.example.com", "envoy.example.com"], true],
    ["envoy.example.com", ["*.example.com"], true],
    ["ENVOY.example.com", ["envoy.EXAMPLE.com"], true],
    ["envoy.example.com", ["envoy.example.org"], false],
    ["envoy.a.example.com", ["*.example.com"], false],
    ["envoy.example.com", [], false],
    [spiffe, [spiffe], true],
    [spiffe, [`${spiffe}-two`], false],
    [spiffe, [`x, URI:${spiffe}`], false],
    ["10.0.0.7", ["10.0.0.7"], true],
    ["10.0.0.7", ["10.0.0.70"], false],
    [`envoy.example.com, ${spiffe}`, [spiffe], true],
    [`envoy.example.com, ${spiffe}`, ["localhost"], false],
  ])("when asked for %s, a client named %j is served: %s", async (asked, names = [], isServed) => {
    const { ask, refusals } = await serve(asked);
    // The common name is no name.
    const shown = authority.issue({ names, commonName: "envoy.example.com" });
    if (isServed) expect(await ask(shown)).toEqual(message);
    else {
      await expect(ask(shown)).rejects.toMatchObject({ code: 14 });
      expect(refusals[0]).toMatchObject({
        reason: "name",
        text: expect.stringContaining("has none of the names that are asked for"),
      });
    }
  });

  test("a CA that is taken away is trusted by no new connection, and one that is added is", async () => {
    const { ask, source, started } = await serve();
    const standing = clientOf(harness, started, authority.issue(), own);
    expect(await standing.ask(unaryPath, message)).toEqual(message);
    const next = new Authority("Next CA");
    source.put({ ...server, ca: authority.cert + next.cert });
    expect(await ask(next.issue())).toEqual(message);
    expect(await ask(authority.issue())).toEqual(message);
    source.put({ ...server, ca: next.cert });
    expect(await ask(next.issue())).toEqual(message);
    await expect(ask(authority.issue())).rejects.toMatchObject({ code: 14 });
    expect(await standing.ask(unaryPath, message)).toEqual(message);
  });

  test("a session cannot be taken up again without showing the certificate", async () => {
    const { started, refusals } = await serve();
    const shown = authority.issue();
    const open = (options: { readonly session?: Buffer }) =>
      connect({
        ...options,
        ...shown,
        host: "127.0.0.1",
        port: started.port ?? 0,
        servername: "localhost",
        ca: own.cert,
        ALPNProtocols: ["h2"],
      });
    const sessions: Buffer[] = [];
    const first = open({});
    first.on("session", (session) => sessions.push(session));
    // SETTINGS: what comes before has come.
    await new Promise((resolve) => first.once("data", resolve));
    const session = sessions.at(-1) ?? first.getSession() ?? Buffer.alloc(0);
    first.destroy();
    const second = open({ session });
    await new Promise((resolve) => second.once("secureConnect", resolve));
    expect(isResumed(second)).toBe(false);
    second.destroy();
    await eventually(() => expect(refusals).toEqual([]));
  });
}

function isResumed(socket: TLSSocket): boolean {
  return socket.isSessionReused();
}
