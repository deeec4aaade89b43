import { describe, expect, test } from "@jest/globals";
import type { Environment } from "../../../src/settings/values.ts";
import { readSettings } from "../../../src/settings.ts";
import { mistakesOf } from "../../support/settings.ts";

const on = { CONFIG_TYPE: "GRPC_XDS_SOTW" };

function xdsOf(env: Environment = {}) {
  const { xds } = readSettings({ ...on, ...env }).rules;
  if (xds === undefined) throw new Error("rules come from files");
  return xds;
}

const warningsOf = (env: Environment) => readSettings(env).warnings;

describe("rules from an xDS server", () => {
  test("are had as the reference has them, but for shorter pauses that grow", () => {
    expect(xdsOf()).toEqual({
      target: "localhost:18000",
      nodeId: "default",
      nodeMetadata: new Map(),
      headers: new Map(),
      messageBytesMax: 4_194_304,
      backoff: { initialMs: 500, maxMs: 3_000, growth: 2, randomShare: 0.5 },
      tls: undefined,
    });
    expect(readSettings({}).rules.xds).toBeUndefined();
  });

  test("CONFIG_GRPC_XDS_NODE_ID and CONFIG_GRPC_XDS_NODE_METADATA say who asks; an item without a value is told", () => {
    const env = {
      CONFIG_GRPC_XDS_NODE_ID: "envoy-ratelimit",
      CONFIG_GRPC_XDS_NODE_METADATA: "zone=a,rack=b=c,nothing",
    };
    expect(xdsOf(env)).toMatchObject({
      nodeId: "envoy-ratelimit",
      nodeMetadata: new Map([
        ["zone", "a"],
        ["rack", "b=c"],
      ]),
    });
    expect(warningsOf({ ...on, ...env })).toEqual([
      'CONFIG_GRPC_XDS_NODE_METADATA: "nothing" has no effect: it is no key=value',
    ]);
  });

  test.each([
    ["envoy-gateway:18001", "envoy-gateway:18001"],
    ["10.0.0.1:18000", "10.0.0.1:18000"],
    ["[::1]:18000", "[::1]:18000"],
    ["dns:///xds.example.com:18000", "dns:///xds.example.com:18000"],
    ["passthrough:///xds:18000", "xds:18000"],
    ["unix:/run/xds.sock", "unix:/run/xds.sock"],
    ["unix:///run/xds.sock", "unix:///run/xds.sock"],
  ])("CONFIG_GRPC_XDS_SERVER_URL may be %s", (url, target) => {
    expect(xdsOf({ CONFIG_GRPC_XDS_SERVER_URL: url }).target).toBe(target);
  });

  test.each(["", "http://xds:18000", "https://xds", "grpc://xds:18000", "xds 18000"])(
    "CONFIG_GRPC_XDS_SERVER_URL is not %j",
    (url) => {
      const [mistake] = mistakesOf({ ...on, CONFIG_GRPC_XDS_SERVER_URL: url });
      expect(mistake).toMatch(/^CONFIG_GRPC_XDS_SERVER_URL: .*accepted: a gRPC target: host:port/);
    },
  );

  test.each<[Environment, object]>([
    [{ XDS_CLIENT_BACKOFF_INITIAL_INTERVAL: "2s" }, { initialMs: 2_000, maxMs: 3_000 }],
    [{ XDS_CLIENT_BACKOFF_INITIAL_INTERVAL: "10s" }, { initialMs: 10_000, maxMs: 10_000 }],
    [{ XDS_CLIENT_BACKOFF_MAX_INTERVAL: "60s" }, { initialMs: 500, maxMs: 60_000 }],
    [{ XDS_CLIENT_BACKOFF_RANDOM_FACTOR: "0.2" }, { growth: 2, randomShare: 0.2 }],
    [{ XDS_CLIENT_BACKOFF_RANDOM_FACTOR: "1" }, { growth: 2, randomShare: 1 }],
    [{ XDS_CLIENT_BACKOFF_RANDOM_FACTOR: "3" }, { growth: 3, randomShare: 0.5 }],
    [{ XDS_CLIENT_BACKOFF_JITTER: "false" }, { growth: 2, randomShare: 0 }],
  ])("%j sets the pauses", (env, backoff) => {
    expect(xdsOf(env).backoff).toMatchObject(backoff);
  });

  test("XDS_CLIENT_MAX_MSG_SIZE_IN_BYTES bounds an update", () => {
    const env = { XDS_CLIENT_MAX_MSG_SIZE_IN_BYTES: "16777216" };
    expect(xdsOf(env).messageBytesMax).toBe(16_777_216);
  });

  test("CONFIG_GRPC_XDS_CLIENT_ADDITIONAL_HEADERS are headers; what cannot be one is refused, without its value", () => {
    const name = "CONFIG_GRPC_XDS_CLIENT_ADDITIONAL_HEADERS";
    expect(xdsOf({ [name]: "X-Token:abc,x-raw-bin:é" }).headers).toEqual(
      new Map([
        ["x-token", "abc"],
        ["x-raw-bin", "é"],
      ]),
    );
    expect(mistakesOf({ ...on, [name]: "x y:secret,grpc-timeout:secret,x-token:sécret" })).toEqual([
      `${name}: "x y" is no header; accepted: letters, digits, - _ and ., and nothing that begins with grpc-`,
      `${name}: "grpc-timeout" is no header; accepted: letters, digits, - _ and ., and nothing that begins with grpc-`,
      `${name}: the value of x-token (not shown) is not ASCII; accepted: ASCII`,
    ]);
  });
});

describe("TLS to the xDS server", () => {
  const files = {
    CONFIG_GRPC_XDS_CLIENT_TLS_CERT: "/certs/tls.crt",
    CONFIG_GRPC_XDS_CLIENT_TLS_KEY: "/certs/tls.key",
    CONFIG_GRPC_XDS_SERVER_TLS_CACERT: "/certs/ca.crt",
  };
  const tls = { ...on, CONFIG_GRPC_XDS_SERVER_USE_TLS: "true" };

  test("reads the files that are named, and asks for the name that is set", () => {
    const settings = readSettings({ ...tls, ...files, CONFIG_GRPC_XDS_SERVER_TLS_SAN: "gateway" });
    expect(settings.tls.xds).toEqual({
      cert: { setting: "CONFIG_GRPC_XDS_CLIENT_TLS_CERT", path: "/certs/tls.crt" },
      key: { setting: "CONFIG_GRPC_XDS_CLIENT_TLS_KEY", path: "/certs/tls.key" },
      ca: { setting: "CONFIG_GRPC_XDS_SERVER_TLS_CACERT", path: "/certs/ca.crt" },
    });
    expect(settings.rules.xds?.tls).toEqual({ serverName: "gateway" });
    expect(readSettings(tls).rules.xds?.tls).toEqual({ serverName: undefined });
  });

  test("needs both a certificate and its key, or neither", () => {
    expect(mistakesOf({ ...tls, CONFIG_GRPC_XDS_CLIENT_TLS_CERT: "/certs/tls.crt" })).toEqual([
      "CONFIG_GRPC_XDS_CLIENT_TLS_CERT and CONFIG_GRPC_XDS_CLIENT_TLS_KEY: only one is set; accepted: both or neither",
    ]);
  });

  test("that is off reads no file, and says that they are named in vain", () => {
    const settings = readSettings({ ...on, ...files });
    expect(settings.tls.xds).toBeUndefined();
    expect(settings.warnings).toEqual([
      "CONFIG_GRPC_XDS_CLIENT_TLS_CERT, CONFIG_GRPC_XDS_CLIENT_TLS_KEY, CONFIG_GRPC_XDS_SERVER_TLS_CACERT have no effect: CONFIG_GRPC_XDS_SERVER_USE_TLS is false",
    ]);
  });
});

describe("a name that is set in vain is told", () => {
  test("when rules come from files", () => {
    const env = { CONFIG_GRPC_XDS_NODE_ID: "x", CONFIG_GRPC_XDS_SERVER_USE_TLS: "true" };
    expect(warningsOf(env)).toEqual([
      "CONFIG_GRPC_XDS_NODE_ID, CONFIG_GRPC_XDS_SERVER_USE_TLS have no effect: CONFIG_TYPE is FILE",
    ]);
    expect(readSettings(env).tls).toEqual({});
  });

  test("when it has no effect in the reference either", () => {
    const env = { CONFIG_GRPC_XDS_SERVER_CONNECT_RETRY_INTERVAL: "7s" };
    expect(warningsOf({ ...on, ...env })).toEqual([
      "CONFIG_GRPC_XDS_SERVER_CONNECT_RETRY_INTERVAL has no effect: XDS_CLIENT_BACKOFF_* say how long to wait",
    ]);
  });

  test("but not when it is set to what it is anyway", () => {
    const env = {
      CONFIG_GRPC_XDS_NODE_ID: "default",
      CONFIG_GRPC_XDS_SERVER_CONNECT_RETRY_INTERVAL: "3s",
    };
    expect(warningsOf(env)).toEqual([]);
    expect(warningsOf({ ...on, ...env })).toEqual([]);
  });
});
