import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { Authority } from "../../support/certificates.ts";
import { eventually } from "../../support/eventually.ts";
import { freePorts } from "../../support/ports.ts";
import { type Finished, runBuilt, startBuilt } from "../../support/run-node.ts";
import { startGate, type TestGate } from "../../support/velocitygate.ts";

// Each of them is a process of its own.
jest.setTimeout(30_000);

const rules = {
  "rules.yaml":
    "domain: shop\ndescriptors:\n  - {key: user, rate_limit: {unit: day, requests_per_unit: 1000}}\n",
};

describe("against a port that asks for certificates", () => {
  const directory = mkdtempSync(join(tmpdir(), "velocitygate-cli-tls-"));
  const file = (name: string) => join(directory, name);
  let gate: TestGate;

  beforeAll(async () => {
    const authority = new Authority();
    const server = authority.issue({ names: ["velocitygate.example.com", "127.0.0.1"] });
    const client = authority.issue({ names: ["probe"] });
    for (const [name, text] of [
      ["ca.crt", authority.cert],
      ["other.crt", new Authority().cert],
      ["server.crt", server.cert],
      ["server.key", server.key],
      ["client.crt", client.cert],
      ["client.key", client.key],
    ] as const) {
      writeFileSync(file(name), text);
    }
    gate = await startGate({
      rules,
      settings: {
        GRPC_SERVER_USE_TLS: "true",
        GRPC_SERVER_TLS_CERT: file("server.crt"),
        GRPC_SERVER_TLS_KEY: file("server.key"),
        GRPC_CLIENT_TLS_CACERT: file("ca.crt"),
      },
    });
  });
  afterAll(async () => {
    await gate.stop();
    rmSync(directory, { recursive: true });
  });

  const shown = () => [
    ...["--tls-client-cert", file("client.crt")],
    ...["--tls-client-key", file("client.key")],
  ];
  const trusting = (name = "ca.crt") => ["--tls-ca-cert", file(name)];
  const at = (host: string) => ["--address", `${host}:${gate.grpcPort}`];

  describe.each<[string, readonly string[], string]>([
    ["ask", ["ask", "--domain", "shop", "user=ann"], "OK          999 of 1000 per day left"],
    ["healthcheck", ["healthcheck"], ""],
  ])("velocitygate %s", (_name, command, output) => {
    const run = (...args: readonly string[]): Promise<Finished> =>
      runBuilt("cli/main.js", [...command, ...args]);

    test("gets an answer with the CA and a certificate", async () => {
      const finished = await run(...at("127.0.0.1"), ...trusting(), ...shown());
      expect(finished.output).toContain(output);
      expect(finished.exit.code).toBe(0);
    });

    test("gets one when it is told the name, or to look at none", async () => {
      const named = ["--tls-server-name", "velocitygate.example.com"];
      const byName = await run(...at("localhost"), ...trusting(), ...shown(), ...named);
      expect(byName.exit.code).toBe(0);
      const unverified = await run(...at("localhost"), "--tls-no-verify", ...shown());
      expect(unverified.exit.code).toBe(0);
    });

    test.each<[string, () => readonly string[], RegExp]>([
      [
        "another CA",
        () => [...at("127.0.0.1"), ...trusting("other.crt"), ...shown()],
        /certificate/,
      ],
      ["another name", () => [...at("localhost"), ...trusting(), ...shown()], /altnames/],
      ["no certificate", () => [...at("127.0.0.1"), ...trusting()], /./],
      ["nothing of TLS", () => at("127.0.0.1"), /./],
    ])("with %s there is no answer, and it says why", async (_what, args, text) => {
      const { output, exit } = await run(...args(), "--timeout", "3000");
      expect(output).toMatch(text);
      expect(exit.code).toBe(1);
    });

    test.each<[string, () => readonly string[], string]>([
      ["a file that is none", () => trusting("none"), "--tls-ca-cert: cannot read"],
      [
        "half a pair",
        () => shown().slice(0, 2),
        "--tls-client-cert and --tls-client-key go together",
      ],
      [
        "a file that holds something else",
        () => ["--tls-client-cert", file("client.key"), "--tls-client-key", file("client.key")],
        "the files of TLS cannot be used",
      ],
      ["a timeout that is none", () => ["--tls", "--timeout", "soon"], "--timeout is «soon»"],
    ])("%s is not understood", async (_what, args, text) => {
      const { output, exit } = await run(...args());
      expect(output).toContain(text);
      expect(exit.code).toBe(2);
    });
  });
});

describe("velocitygate healthcheck", () => {
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    runBuilt("cli/main.js", ["healthcheck", ...args], env);

  test("asks over HTTP where the environment says, or over gRPC in the clear", async () => {
    const gate = await startGate({ rules });
    const env = { HOST: "127.0.0.1", PORT: `${gate.httpPort}` };
    const address = `127.0.0.1:${gate.grpcPort}`;
    expect((await run([], env)).exit.code).toBe(0);
    expect((await run(["--grpc", "--address", address])).exit.code).toBe(0);
    const unknown = await run(["--address", address, "--service", "nothing"]);
    expect(unknown.output).toMatch(/^unhealthy: /);
    expect(unknown.exit.code).toBe(1);
    await gate.stop();
    expect((await run([], env)).output).toContain("ECONNREFUSED");
    expect((await run(["--address", address])).exit.code).toBe(1);
  });

  test("says that it is not well", async () => {
    const directory = mkdtempSync(join(tmpdir(), "velocitygate-cli-"));
    writeFileSync(join(directory, "rules.yaml"), "domain: ''\n");
    const [httpPort, grpcPort] = await freePorts(2);
    const env = { HOST: "127.0.0.1", PORT: `${httpPort}` };
    const service = startBuilt("main.js", [], {
      ...env,
      GRPC_PORT: `${grpcPort}`,
      DEBUG_PORT: "0",
      RUNTIME_ROOT: directory,
      RUNTIME_APPDIRECTORY: "",
    });
    try {
      await eventually(
        async () => {
          const { output, exit } = await run(["--address", `127.0.0.1:${grpcPort}`]);
          expect(output).toBe("unhealthy: «ratelimit» is NOT_SERVING\n");
          expect(exit.code).toBe(1);
        },
        { timeoutMs: 20_000 },
      );
      expect((await run([], env)).output).toMatch(/^unhealthy: \/healthcheck answered 500\n$/);
    } finally {
      await service.kill();
      rmSync(directory, { recursive: true });
    }
  });
});
