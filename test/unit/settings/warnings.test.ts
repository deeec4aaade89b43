import { describe, expect, test } from "@jest/globals";
import { readSettings } from "../../../src/settings.ts";

describe("warnings", () => {
  const warningsOf = (env: Record<string, string>) => readSettings(env).warnings;

  test("tell of names that are nearly known ones", () => {
    expect(
      warningsOf({
        REDIS_URI: "a:1",
        RUNTIME_SUBDIRETORY: "x",
        RUNTIME_APP_DIRECTORYS: "x",
        RUNTIME_IGNORE_DOTFILES: "x",
        REDIS_PERSECONDS_TLS: "true",
        LIMIT_RESPONSE_HEADER_ENABLED: "true",
        VELOCITYGATE_GRPC_PORT: "1",
        VELOCITYGATE_COLOUR: "blue",
      }),
    ).toEqual([
      "REDIS_URI is not a setting; did you mean REDIS_URL?",
      "RUNTIME_SUBDIRETORY is not a setting; did you mean RUNTIME_SUBDIRECTORY?",
      "RUNTIME_APP_DIRECTORYS is not a setting; did you mean RUNTIME_APPDIRECTORY?",
      "RUNTIME_IGNORE_DOTFILES is not a setting; did you mean RUNTIME_IGNOREDOTFILES?",
      "REDIS_PERSECONDS_TLS is not a setting; did you mean REDIS_PERSECOND_TLS?",
      "LIMIT_RESPONSE_HEADER_ENABLED is not a setting; did you mean LIMIT_RESPONSE_HEADERS_ENABLED?",
      "VELOCITYGATE_GRPC_PORT is not a setting; did you mean GRPC_PORT?",
      "VELOCITYGATE_COLOUR is not a setting and has no effect",
    ]);
  });

  test("tell of extra tags that metrics have labels of", () => {
    const told = warningsOf({ EXTRA_TAGS: "env:prod,domain:x,__a:b,err-type:y" });
    expect(told.map((line) => line.split(" ", 2))).toEqual([
      ["EXTRA_TAGS:", "domain"],
      ["EXTRA_TAGS:", "__a"],
      ["EXTRA_TAGS:", "err-type"],
    ]);
  });

  test("leave alone what others set", () => {
    expect(
      warningsOf({
        PATH: "/bin",
        HOSTNAME: "pod",
        POST: "1",
        GRPC_TRACE: "all",
        GRPC_VERBOSITY: "DEBUG",
        REDIS_SERVICE_HOST: "10.0.0.1",
        REDIS_PORT: "tcp://10.0.0.1:6379",
        REDIS_PORT_6379_TCP: "tcp://10.0.0.1:6379",
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://x",
        DOG_STATSD_MOGRIFIER_A_PATTERN: "x",
        KUBERNETES_SERVICE_PORT: "443",
      }),
    ).toEqual([]);
  });

  test("tell of a port that Kubernetes put there for a Service, which is not taken", () => {
    const settings = readSettings({
      GRPC_PORT: "tcp://10.0.0.1:8081",
      STATSD_PORT: "udp://10.0.0.1:8125",
    });
    expect(settings.grpc.address).toEqual({ host: "0.0.0.0", port: 8081 });
    expect(settings.warnings).toEqual([
      "GRPC_PORT: tcp://10.0.0.1:8081 was put there by Kubernetes for a Service; ignored",
      "STATSD_PORT: udp://10.0.0.1:8125 was put there by Kubernetes for a Service; ignored",
    ]);
  });
});
