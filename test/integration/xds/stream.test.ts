import { mkdtempSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "@jest/globals";
import type { Environment } from "../../../src/settings/values.ts";
import { readSettings } from "../../../src/settings.ts";
import { HeldTls, type TlsSource, tlsMaterial } from "../../../src/tls/source.ts";
import type { TlsTexts } from "../../../src/tls/tls-files.ts";
import { createOpenStream } from "../../../src/xds/grpc-js-stream.ts";
import { type MethodPath, methods, type Stream, type StreamEnd } from "../../../src/xds/stream.ts";
import { Authority } from "../../support/certificates.ts";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { eventually } from "../../support/eventually.ts";
import { bytesOf, configUrl, oneLimit } from "../../support/xds/updates.ts";
import { XdsServer } from "../../support/xds/xds-server.ts";

const cleanup = cleanupAfterEach();
const streams: Stream[] = [];

afterEach(() => {
  for (const stream of streams.splice(0)) stream.close();
});

const request = {
  versionInfo: "",
  node: { id: "some-node", metadata: { zone: "a" } },
  resourceNames: [],
  typeUrl: configUrl,
  responseNonce: "",
  errorDetail: undefined,
};

interface Opening {
  readonly method?: MethodPath;
  readonly tls?: TlsSource;
}

/** A stream by settings as an operator writes them, and what becomes of it. */
function open(target: string, env: Environment = {}, { method, tls }: Opening = {}) {
  const { xds } = readSettings({
    CONFIG_TYPE: "GRPC_XDS_SOTW",
    CONFIG_GRPC_XDS_SERVER_URL: target,
    ...env,
  }).rules;
  if (xds === undefined) throw new Error("no xDS server is set");
  const seen: { connections: number; messages: Buffer[]; ends: StreamEnd[] } = {
    connections: 0,
    messages: [],
    ends: [],
  };
  const stream = createOpenStream(xds, tls)(method ?? methods.aggregated, {
    onConnected: () => {
      seen.connections += 1;
    },
    onMessage: (message) => seen.messages.push(message),
    onEnd: (end) => seen.ends.push(end),
  });
  streams.push(stream);
  stream.send(request);
  return { stream, seen };
}

async function endOf({ seen }: ReturnType<typeof open>): Promise<StreamEnd> {
  return eventually(() => {
    const [end] = seen.ends;
    if (end === undefined) throw new Error("it has not ended");
    return end;
  });
}

/** Resolves with the only stream of a server, once a request has come. */
async function asked(server: XdsServer) {
  await eventually(() => expect(server.streams[0]?.requests).toHaveLength(1));
  return server.latest;
}

describe("a stream", () => {
  test("asks, hears and is heard, and says when it has a connection", async () => {
    const server = await cleanup.add(XdsServer.start());
    const { stream, seen } = open(server.target);
    const { requests, headers } = await asked(server);
    expect(seen.connections).toBe(1);
    expect(requests[0]).toMatchObject({
      versionInfo: "",
      responseNonce: "",
      typeUrl: configUrl,
      node: { id: "some-node", metadata: { fields: { zone: { stringValue: "a" } } } },
    });
    expect(headers["user-agent"]).toMatch(/^velocitygate\/\d/);

    server.latest.send({ versionInfo: "1", nonce: "n", typeUrl: configUrl, resources: [] });
    await eventually(() => expect(seen.messages).toHaveLength(1));
    stream.send({ ...request, versionInfo: "1", responseNonce: "n" });
    await eventually(() => expect(server.latest.requests).toHaveLength(2));
    expect(server.latest.last).toMatchObject({ versionInfo: "1", responseNonce: "n" });
  });

  test("says that it has a connection although the server says nothing", async () => {
    const server = await cleanup.add(XdsServer.start());
    const { seen } = open(server.target);
    await asked(server);
    expect(seen).toEqual({ connections: 1, messages: [], ends: [] });
  });

  test("sends the headers that are set", async () => {
    const server = await cleanup.add(XdsServer.start());
    open(server.target, { CONFIG_GRPC_XDS_CLIENT_ADDITIONAL_HEADERS: "X-Token:abc,x-raw-bin:é" });
    const { headers } = await asked(server);
    expect(headers).toMatchObject({ "x-token": "abc", "x-raw-bin": Buffer.from("é") });
  });

  test("asks the other service where it is told to", async () => {
    const server = await cleanup.add(XdsServer.start({ paths: [methods.rateLimitConfig] }));
    const first = open(server.target);
    expect(await endOf(first)).toMatchObject({ isUnimplemented: true });
    open(server.target, {}, { method: methods.rateLimitConfig });
    await asked(server);
  });

  test("reaches a server on a Unix socket", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "velocitygate-xds-")), "socket");
    const server = await cleanup.add(XdsServer.start({ address: `unix:${path}` }));
    open(`unix:${path}`);
    await asked(server);
  });

  test("that is closed is heard no more, and the server sees its end", async () => {
    const server = await cleanup.add(XdsServer.start());
    const { stream, seen } = open(server.target);
    await asked(server);
    stream.close();
    await eventually(() => server.latest.hasEnded);
    expect(seen.ends).toEqual([]);
  });

  test("has its socket probed, so that a machine that is gone is noticed", async () => {
    const server = await cleanup.add(XdsServer.start());
    open(server.target);
    await asked(server);
    await eventually(() => expect(timersTo(server.port)).toContain(keepaliveTimer));
  });
});

describe("the end of a stream says why", () => {
  test("when nobody listens", async () => {
    const server = await cleanup.add(XdsServer.start());
    const { target } = server;
    await server.stop();
    const end = await endOf(open(target));
    expect(end.reason).toMatch(/^UNAVAILABLE: .*ECONNREFUSED/);
    expect(end.isUnimplemented).toBe(false);
  });

  test("when the name is unknown", async () => {
    expect((await endOf(open("no-such-host.invalid:18000"))).reason).toMatch(
      /^UNAVAILABLE: .*resol/,
    );
  });

  test("when the server ends it with an error", async () => {
    const server = await cleanup.add(XdsServer.start());
    const opened = open(server.target);
    (await asked(server)).end(status.PERMISSION_DENIED, "not you");
    expect((await endOf(opened)).reason).toBe("PERMISSION_DENIED: not you");
  });

  test("when the server ends it without one", async () => {
    const server = await cleanup.add(XdsServer.start());
    const opened = open(server.target);
    (await asked(server)).end();
    expect((await endOf(opened)).reason).toBe("the server ended the stream");
  });

  test("when the server goes away", async () => {
    const server = await cleanup.add(XdsServer.start());
    const opened = open(server.target);
    await asked(server);
    await server.stop();
    expect((await endOf(opened)).reason).toMatch(/^(?:UNAVAILABLE|CANCELLED|INTERNAL): /);
  });

  test("when an update is too long, and which setting decides that", async () => {
    const server = await cleanup.add(XdsServer.start());
    const opened = open(server.target, { XDS_CLIENT_MAX_MSG_SIZE_IN_BYTES: "1000" });
    const stream = await asked(server);
    const long = { type_url: configUrl, value: bytesOf(oneLimit("d".repeat(1_000), "k", 1)) };
    stream.send({ versionInfo: "1", nonce: "n", resources: [long] });
    const { reason } = await endOf(opened);
    expect(reason).toMatch(/^RESOURCE_EXHAUSTED: .*XDS_CLIENT_MAX_MSG_SIZE_IN_BYTES/);
  });

  test("when the other side speaks something else", async () => {
    const speaker = createServer((socket) => socket.end("SSH-2.0-x\r\n"));
    await new Promise<void>((resolve) => speaker.listen(0, "127.0.0.1", resolve));
    await cleanup.add({ stop: async () => void speaker.close() });
    const { port } = speaker.address() as { port: number };
    expect((await endOf(open(`127.0.0.1:${port}`))).reason).toMatch(/^[A-Z_]+: ./);
  });
});

describe("over TLS", () => {
  const authority = new Authority("servers");
  const clients = new Authority("clients");
  const server = authority.issue({ names: ["localhost", "127.0.0.1"], purpose: "server" });
  const mutualServer = { ...server, clientCa: clients.cert };
  const ca = authority.cert;
  const held = (texts: Partial<TlsTexts>) =>
    new HeldTls(tlsMaterial({ cert: undefined, key: undefined, ca: undefined, ...texts }));
  const openTls = (port: number, tls: TlsSource, env: Environment = {}) =>
    open(`localhost:${port}`, { CONFIG_GRPC_XDS_SERVER_USE_TLS: "true", ...env }, { tls });

  test("a server with a certificate of the CA is asked", async () => {
    const started = await cleanup.add(XdsServer.start({ tls: server }));
    openTls(started.port, held({ ca }));
    await asked(started);
  });

  test("both sides show certificates", async () => {
    const started = await cleanup.add(XdsServer.start({ tls: mutualServer }));
    openTls(started.port, held({ ca, ...clients.issue({ purpose: "client" }) }));
    await asked(started);
  });

  test("a server that wants a certificate is not asked without one, nor with one of another CA", async () => {
    const started = await cleanup.add(XdsServer.start({ tls: mutualServer }));
    const stranger = new Authority("strangers").issue({ purpose: "client" });
    for (const shown of [{}, stranger]) {
      const end = await endOf(openTls(started.port, held({ ca, ...shown })));
      expect(end.reason).toMatch(/^(?:UNAVAILABLE|INTERNAL|CANCELLED): /);
    }
    expect(started.streams).toEqual([]);
  });

  test("a server with a certificate of another CA is not asked, also when no CA of ours is set", async () => {
    const tls = new Authority("others").issue({ names: ["localhost"] });
    const started = await cleanup.add(XdsServer.start({ tls }));
    for (const ours of [held({ ca }), held({})]) {
      const end = await endOf(openTls(started.port, ours));
      expect(end.reason).toMatch(/^UNAVAILABLE: .*certificate/);
    }
    expect(started.streams).toEqual([]);
  });

  test("a server of another name is not asked, unless that name is the one that is set", async () => {
    const tls = authority.issue({ names: ["envoy-gateway"], purpose: "server" });
    const started = await cleanup.add(XdsServer.start({ tls }));
    const named = (name: string) => ({ CONFIG_GRPC_XDS_SERVER_TLS_SAN: name });
    for (const env of [{}, named("elsewhere")]) {
      const end = await endOf(openTls(started.port, held({ ca }), env));
      expect(end.reason).toMatch(/^UNAVAILABLE: .*altnames/);
    }
    expect(started.streams).toEqual([]);
    openTls(started.port, held({ ca }), named("envoy-gateway"));
    await asked(started);
  });

  test("certificates that come into force count for the next connection", async () => {
    const started = await cleanup.add(XdsServer.start({ tls: mutualServer }));
    const stranger = new Authority("strangers").issue({ purpose: "client" });
    const source = held({ ca, ...stranger });
    await endOf(openTls(started.port, source));
    source.put(tlsMaterial({ ca, ...clients.issue({ purpose: "client" }) }));
    openTls(started.port, source);
    await asked(started);
  });

  test("a server in the clear is not asked", async () => {
    const started = await cleanup.add(XdsServer.start());
    expect((await endOf(openTls(started.port, held({ ca })))).reason).toMatch(/^UNAVAILABLE: /);
    expect(started.streams).toEqual([]);
  });
});

/** Linux's word for the timer that sends probes (Documentation/networking/proc_net_tcp.rst). */
const keepaliveTimer = "02";

/** The timers of the sockets that are connected to a port of this machine. */
function timersTo(port: number): readonly (string | undefined)[] {
  const peer = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , remote]) => remote?.endsWith(peer))
    .map(([, , , , , timer]) => timer?.split(":")[0]);
}
