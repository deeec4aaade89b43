import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type SecureContext } from "node:tls";
import { afterEach, describe, expect, test } from "@jest/globals";
import { clientContext, tlsClientOptions } from "../../../src/tls/client.ts";
import { Authority, type Identity } from "../../support/certificates.ts";
import { heldTls } from "../../support/tls-material.ts";

const closers: (() => unknown)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Whether a client with this context trusts a server with that certificate. */
async function trusts(secureContext: SecureContext, shown: Identity): Promise<boolean> {
  const server = createServer(shown).listen(0, "127.0.0.1");
  closers.push(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: "127.0.0.1", port, servername: "localhost", secureContext });
  closers.push(() => socket.destroy());
  return new Promise((resolve) => {
    socket.once("secureConnect", () => resolve(true));
    socket.once("error", () => resolve(false));
  });
}

describe("the CAs that count", () => {
  const known = new Authority("Known");
  const ours = new Authority("Ours");
  const { current } = heldTls({ ca: ours.cert });

  test("are those of the file beside the public ones where names are verified", async () => {
    const context = clientContext(current, true, [known.cert]);
    expect(await trusts(context, ours.issue())).toBe(true);
    expect(await trusts(context, known.issue())).toBe(true);
    expect(await trusts(context, new Authority("Nobody").issue())).toBe(false);
  });

  test("are those of the file alone where names are not looked at", async () => {
    const context = clientContext(current, false, [known.cert]);
    expect(await trusts(context, ours.issue())).toBe(true);
    expect(await trusts(context, known.issue())).toBe(false);
  });
});

describe("the options of a connection", () => {
  const source = heldTls({});
  const optionsFor = (host: string) =>
    tlsClientOptions({ source, skipHostnameVerification: false }, host);

  test("tell the server a name, but no address", () => {
    expect(optionsFor("redis.example.com").servername).toBe("redis.example.com");
    expect(optionsFor("10.0.0.7").servername).toBeUndefined();
    expect(optionsFor("2001:db8::1").servername).toBeUndefined();
  });

  test("have one context for as long as nothing changes", () => {
    const first = optionsFor("a").secureContext;
    expect(optionsFor("b").secureContext).toBe(first);
    source.put({ ...source.current });
    expect(optionsFor("a").secureContext).not.toBe(first);
  });
});
