import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { readSettings } from "../../../src/settings.ts";
import { mistakesOf } from "../../support/settings.ts";

const on = { TRACING_ENABLED: "true" };
const tracing = (env: Readonly<Record<string, string>> = {}) =>
  readSettings({ ...on, ...env }).tracing;
const urlOf = (env: Readonly<Record<string, string>>) => tracing(env)?.exporter.url;
const pem = (name: string) => join(import.meta.dirname, "../../support/tls", name);

describe("tracing", () => {
  test("is off unless TRACING_ENABLED is true, whatever else is set, and however wrongly", () => {
    const env = {
      TRACING_SAMPLING_RATE: "0.5",
      OTEL_EXPORTER_OTLP_ENDPOINT: "nonsense nonsense",
      OTEL_EXPORTER_OTLP_TIMEOUT: "10s",
      OTEL_BSP_MAX_QUEUE_SIZE: "many",
    };
    const settings = readSettings(env);
    expect(settings.tracing).toBeUndefined();
    expect(settings.warnings).toEqual([]);
    expect(mistakesOf({ ...on, ...env })).toHaveLength(3);
  });

  test("has the reference's defaults, and OpenTelemetry's", () => {
    expect(tracing()).toEqual({
      serviceName: "RateLimit",
      serviceNamespace: "",
      serviceInstanceId: "",
      attributes: new Map(),
      samplingRate: 1,
      exporter: {
        protocol: "http",
        url: "http://localhost:4318/v1/traces",
        headers: new Map(),
        timeoutMs: 10_000,
        compression: "none",
        tls: undefined,
      },
      queue: { spansMax: 2048, batchSpansMax: 512, delayMsMax: 5_000, exportTimeoutMs: 30_000 },
    });
  });

  test.each([
    ["http", { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318" }, "http://c:4318/v1/traces"],
    ["http", { OTEL_EXPORTER_OTLP_ENDPOINT: "https://c/otlp/" }, "https://c/otlp/v1/traces"],
    ["http", { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://c:1/spans" }, "http://c:1/spans"],
    [
      "http",
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://a", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://b/x" },
      "http://b/x",
    ],
    [
      "http",
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://a", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: " " },
      "http://a/v1/traces",
    ],
    ["grpc", {}, "http://localhost:4317"],
    ["grpc", { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4317/v1" }, "http://c:4317"],
    ["grpc", { OTEL_EXPORTER_OTLP_ENDPOINT: "c:4317" }, "https://c:4317"],
    [
      "grpc",
      { OTEL_EXPORTER_OTLP_ENDPOINT: "c:4317", OTEL_EXPORTER_OTLP_INSECURE: "true" },
      "http://c:4317",
    ],
    ["grpc", { OTEL_EXPORTER_OTLP_ENDPOINT: "unix:/run/otlp.sock" }, "unix:/run/otlp.sock"],
  ])("over %s, %j means %s", (protocol, env, url) => {
    expect(urlOf({ TRACING_EXPORTER_PROTOCOL: protocol, ...env })).toBe(url);
  });

  test.each([
    [{ TRACING_SERVICE_NAME: "n" }, { serviceName: "n" }],
    [{ TRACING_SERVICE_NAMESPACE: "s" }, { serviceNamespace: "s" }],
    [{ TRACING_SERVICE_INSTANCE_ID: "i" }, { serviceInstanceId: "i" }],
    [{ TRACING_SAMPLING_RATE: "0.25" }, { samplingRate: 0.25 }],
    [{ TRACING_EXPORTER_PROTOCOL: "grpc" }, { exporter: { protocol: "grpc" } }],
    [{ OTEL_EXPORTER_OTLP_TIMEOUT: "7" }, { exporter: { timeoutMs: 7 } }],
    [{ OTEL_EXPORTER_OTLP_COMPRESSION: "gzip" }, { exporter: { compression: "gzip" } }],
    [
      { OTEL_EXPORTER_OTLP_TIMEOUT: "7", OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: "8" },
      { exporter: { timeoutMs: 8 } },
    ],
    [
      { OTEL_EXPORTER_OTLP_COMPRESSION: "gzip", OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: "none" },
      { exporter: { compression: "none" } },
    ],
    [{ OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: "gzip" }, { exporter: { compression: "gzip" } }],
    [{ OTEL_RESOURCE_ATTRIBUTES: "a=b" }, { attributes: new Map([["a", "b"]]) }],
    [{ OTEL_BSP_MAX_QUEUE_SIZE: "600" }, { queue: { spansMax: 600, batchSpansMax: 512 } }],
    [{ OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "7" }, { queue: { batchSpansMax: 7 } }],
    [{ OTEL_BSP_SCHEDULE_DELAY: "7" }, { queue: { delayMsMax: 7 } }],
    [{ OTEL_BSP_EXPORT_TIMEOUT: "7" }, { queue: { exportTimeoutMs: 7 } }],
  ])("takes %j", (env, expected) => {
    expect(tracing(env)).toMatchObject(expected);
  });

  test.each(["OTEL_EXPORTER_OTLP", "OTEL_EXPORTER_OTLP_TRACES"])(
    "takes the files of %s for TLS, and goes without it for gRPC where that says so",
    (prefix) => {
      const files = {
        [`${prefix}_CERTIFICATE`]: pem("ca.crt"),
        [`${prefix}_CLIENT_CERTIFICATE`]: pem("client.crt"),
        [`${prefix}_CLIENT_KEY`]: pem("client.key"),
      };
      const tls = tracing({ [`${prefix}_ENDPOINT`]: "https://c", ...files })?.exporter.tls;
      expect(Object.values(tls ?? {})).toEqual(
        Object.values(files).map((path) => readFileSync(path, "utf8")),
      );
      expect(
        urlOf({
          TRACING_EXPORTER_PROTOCOL: "grpc",
          [`${prefix}_ENDPOINT`]: "c:1",
          [`${prefix}_INSECURE`]: "true",
        }),
      ).toBe("http://c:1");
    },
  );

  test("puts headers for traces over those for all, percent-decoded", () => {
    const headers = tracing({
      OTEL_EXPORTER_OTLP_HEADERS: "a=1, b=two%20words",
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: "a=3",
    })?.exporter.headers;
    expect(headers).toEqual(
      new Map([
        ["a", "3"],
        ["b", "two words"],
      ]),
    );
  });

  test("never shows an endpoint or a header, which may hold a password", () => {
    const env = {
      ...on,
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://user:hunter2@c",
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=hunter2",
    };
    expect(JSON.stringify(readSettings(env).shown)).not.toContain("hunter2");
    const mistakes = mistakesOf({
      ...env,
      OTEL_EXPORTER_OTLP_ENDPOINT: "ftp://user:hunter2@c",
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: "hunter2",
    });
    expect(mistakes).toEqual([
      "OTEL_EXPORTER_OTLP_TRACES_HEADERS: the given value (not shown) is not accepted; accepted: key=value pairs between commas",
      "OTEL_EXPORTER_OTLP_ENDPOINT: the given value (not shown) is not accepted; accepted: http://host:port or https://host:port",
    ]);
  });

  test.each([
    ["-1", 0, "none"],
    ["100", 1, "all"],
  ])("takes the rate %s as the reference does, and warns", (rate, samplingRate, meaning) => {
    const settings = readSettings({ ...on, TRACING_SAMPLING_RATE: rate });
    expect(settings.tracing?.samplingRate).toBe(samplingRate);
    expect(settings.warnings).toEqual([
      `TRACING_SAMPLING_RATE: ${rate} means ${meaning}, as a share`,
    ]);
  });

  test("refuses another protocol in the reference's words", () => {
    expect(mistakesOf({ ...on, TRACING_EXPORTER_PROTOCOL: "udp" })).toEqual([
      'TRACING_EXPORTER_PROTOCOL: "udp" is not accepted: Invalid otlptrace client protocol: udp; accepted: http, grpc',
    ]);
  });

  test("reads the files for TLS, and says which of them cannot be used", () => {
    const secure = { OTEL_EXPORTER_OTLP_ENDPOINT: "https://c" };
    expect(
      tracing({
        ...secure,
        OTEL_EXPORTER_OTLP_CERTIFICATE: pem("ca.crt"),
        OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: pem("client.crt"),
        OTEL_EXPORTER_OTLP_CLIENT_KEY: pem("client.key"),
      })?.exporter.tls,
    ).toEqual({
      ca: expect.stringContaining("BEGIN CERTIFICATE"),
      cert: expect.stringContaining("BEGIN CERTIFICATE"),
      key: expect.stringContaining("BEGIN PRIVATE KEY"),
    });
    expect(
      mistakesOf({
        ...on,
        ...secure,
        OTEL_EXPORTER_OTLP_CERTIFICATE: pem("absent.crt"),
        OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: pem("README.md"),
      }),
    ).toEqual([
      `OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: "${pem("README.md")}" is no PEM file; accepted: a PEM file`,
      "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY: only one is set; accepted: both or neither",
      `OTEL_EXPORTER_OTLP_CERTIFICATE: "${pem("absent.crt")}" cannot be read (ENOENT); accepted: a PEM file`,
    ]);
  });
});
