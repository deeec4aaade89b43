import { describe, expect, test } from "@jest/globals";
import { readSettings } from "../../../src/settings.ts";
import { mistakesOf } from "../../support/settings.ts";

type Environment = Readonly<Record<string, string>>;
const file = (setting: string, path: string) => ({ setting, path });

describe("TLS on the gRPC port", () => {
  const on = {
    GRPC_SERVER_USE_TLS: "true",
    GRPC_SERVER_TLS_CERT: "/certs/tls.crt",
    GRPC_SERVER_TLS_KEY: "/certs/tls.key",
  };
  const { GRPC_SERVER_TLS_CERT: _cert, ...withoutCert } = on;
  const server = {
    cert: file("GRPC_SERVER_TLS_CERT", "/certs/tls.crt"),
    key: file("GRPC_SERVER_TLS_KEY", "/certs/tls.key"),
  };

  test("is off unless it is asked for, and its files are then told to be in vain", () => {
    const { grpc, tls, warnings } = readSettings({
      GRPC_SERVER_TLS_CERT: "/certs/tls.crt",
      GRPC_CLIENT_TLS_CACERT: "/certs/ca.crt",
      GRPC_SERVER_TLS_KEY: "",
    });
    expect(grpc.tls).toBeUndefined();
    expect(tls).toEqual({});
    expect(warnings).toEqual([
      "GRPC_SERVER_TLS_CERT has no effect: GRPC_SERVER_USE_TLS is false",
      "GRPC_CLIENT_TLS_CACERT has no effect: GRPC_SERVER_USE_TLS is false",
    ]);
  });

  test("has a certificate and a key, which need not lie side by side", () => {
    const { grpc, tls } = readSettings({ ...on, GRPC_SERVER_TLS_KEY: "/keys/tls.key" });
    const key = file("GRPC_SERVER_TLS_KEY", "/keys/tls.key");
    expect(tls).toEqual({ grpc: { ...server, key, ca: undefined } });
    expect(grpc.tls).toEqual({ clientNames: [] });
  });

  test.each<[Environment, ReturnType<typeof file>]>([
    [{ GRPC_CLIENT_TLS_CACERT: "/ca" }, file("GRPC_CLIENT_TLS_CACERT", "/ca")],
    [{ GRPC_SERVER_TLS_CA_CERT: "/ca" }, file("GRPC_SERVER_TLS_CA_CERT", "/ca")],
    [
      { GRPC_CLIENT_TLS_CACERT: "/ca", GRPC_SERVER_TLS_CA_CERT: "/other" },
      file("GRPC_CLIENT_TLS_CACERT", "/ca"),
    ],
  ])("asks clients for certificates with %j", (env, ca) => {
    expect(readSettings({ ...on, ...env }).tls).toEqual({ grpc: { ...server, ca } });
  });

  test("may ask for one of several names", () => {
    const { grpc } = readSettings({
      ...on,
      GRPC_CLIENT_TLS_CACERT: "/ca",
      GRPC_CLIENT_TLS_SAN: "envoy.example.com,spiffe://cluster.local/ns/a/sa/b",
    });
    expect(grpc.tls).toEqual({
      clientNames: [
        { kind: "dns", value: "envoy.example.com" },
        { kind: "uri", value: "spiffe://cluster.local/ns/a/sa/b" },
      ],
    });
  });

  test.each<[string, Environment, readonly unknown[]]>([
    [
      "neither a certificate nor a key",
      { GRPC_SERVER_USE_TLS: "true" },
      [
        "GRPC_SERVER_TLS_CERT: is not set, and GRPC_SERVER_USE_TLS needs it; accepted: a PEM file",
        "GRPC_SERVER_TLS_KEY: is not set, and GRPC_SERVER_USE_TLS needs it; accepted: a PEM file",
      ],
    ],
    [
      "no certificate",
      withoutCert,
      ["GRPC_SERVER_TLS_CERT: is not set, and GRPC_SERVER_USE_TLS needs it; accepted: a PEM file"],
    ],
    [
      "names, but no CA, so that nobody is asked",
      { ...on, GRPC_CLIENT_TLS_SAN: "envoy" },
      [
        "GRPC_CLIENT_TLS_SAN: no certificate is asked for without GRPC_CLIENT_TLS_CACERT; accepted: nothing, or both",
      ],
    ],
    [
      "a name that is none",
      { ...on, GRPC_CLIENT_TLS_CACERT: "/ca", GRPC_CLIENT_TLS_SAN: "*.example.com" },
      [
        expect.stringMatching(
          /^GRPC_CLIENT_TLS_SAN: "\*\.example\.com" is not accepted; accepted: /,
        ),
      ],
    ],
  ])("with %s is a mistake", (_what, env, mistakes) => {
    expect(mistakesOf(env)).toEqual(mistakes);
  });
});

describe("TLS to Redis", () => {
  const names = {
    REDIS_TLS_CACERT: "/ca",
    REDIS_TLS_CLIENT_CERT: "/cert",
    REDIS_TLS_CLIENT_KEY: "/key",
  };
  const files = {
    ca: file("REDIS_TLS_CACERT", "/ca"),
    cert: file("REDIS_TLS_CLIENT_CERT", "/cert"),
    key: file("REDIS_TLS_CLIENT_KEY", "/key"),
  };

  test.each<[string, Environment]>([
    ["REDIS_TLS", { REDIS_URL: "redis:6379", REDIS_TLS: "true" }],
    ["the scheme of REDIS_URL", { REDIS_URL: "rediss://redis:6379" }],
    [
      "REDIS_PERSECOND_TLS",
      {
        REDIS_URL: "redis:6379",
        REDIS_PERSECOND: "true",
        REDIS_PERSECOND_URL: "other:6379",
        REDIS_PERSECOND_TLS: "true",
      },
    ],
  ])("that %s asks for has files, the same for both Redis", (_what, env) => {
    expect(readSettings({ ...env, ...names }).tls).toEqual({ redis: files });
    const none = { ca: undefined, cert: undefined, key: undefined };
    expect(readSettings(env).tls).toEqual({ redis: none });
  });

  test("is there for the Redis that it is asked for alone, and may trust any name", () => {
    const { store } = readSettings({
      REDIS_URL: "redis:6379",
      REDIS_PERSECOND: "true",
      REDIS_PERSECOND_URL: "other:6379",
      REDIS_PERSECOND_TLS: "true",
      REDIS_TLS_SKIP_HOSTNAME_VERIFICATION: "true",
    });
    expect(store.redis?.tls).toBeUndefined();
    expect(store.perSecond?.tls).toEqual({ skipHostnameVerification: true });
  });

  test("that nobody asks for has no files", () => {
    const { tls, warnings } = readSettings({ REDIS_URL: "redis:6379", ...names });
    expect(tls).toEqual({});
    expect(warnings).toEqual([]);
  });

  test("with a certificate without its key is a mistake, told once", () => {
    expect(
      mistakesOf({
        REDIS_URL: "rediss://redis:6379",
        REDIS_PERSECOND: "true",
        REDIS_PERSECOND_URL: "rediss://other:6379",
        REDIS_TLS_CLIENT_CERT: "/cert",
      }),
    ).toEqual([
      "REDIS_TLS_CLIENT_CERT and REDIS_TLS_CLIENT_KEY: only one is set; accepted: both or neither",
    ]);
  });

  test("on a Unix socket is a mistake, as there would be none", () => {
    expect(mistakesOf({ REDIS_TLS: "true", REDIS_URL: "/run/redis.sock" })).toEqual([
      "REDIS_TLS: there is no TLS on a Unix socket, which REDIS_URL is; accepted: false",
    ]);
  });
});
