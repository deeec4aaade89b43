import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import {
  RateLimitRequest,
  RateLimitResponse,
} from "../../../src/gen/envoy/service/ratelimit/v3/rls.ts";
import { envoyGateway } from "../../support/envoy-gateway.ts";
import { eventually } from "../../support/eventually.ts";
import { GrpcClient } from "../../support/grpc-client.ts";
import { get } from "../../support/http-client.ts";
import { parseExposition, sampleValue } from "../../support/parse-exposition.ts";
import { type RunningProcess, startProcess } from "../../support/processes.ts";
import { startGate, type TestGate } from "../../support/velocitygate.ts";
import { configuration, domain, forAll, gateway, perUser, policy, routeKey } from "./resources.ts";

const method = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

/** Where Envoy Gateway serves rules, whatever it is told. */
const rulesPort = 18_001;

export interface Stage {
  readonly gate: TestGate;
  /** Puts a policy in the place of the one that there is; `undefined`: none. */
  tell(policyText: string | undefined): void;
  /** One request of this user: `OK` or `OVER_LIMIT`. */
  ask(user: string): Promise<string>;
  /** The limits in force, by the end of their names: `rule-0-match-0` and the like. */
  limits(): Promise<Readonly<Record<string, string>>>;
  metric(name: string): Promise<number>;
  /** Ends Envoy Gateway at once, and starts it again. */
  restart(whileGone: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

export async function startStage(binary: string, folder: string): Promise<Stage> {
  for (const name of ["resources", "home"]) mkdirSync(join(folder, name));
  const policyFile = join(folder, "resources/policy.yaml");
  const tell = (text: string | undefined) =>
    text === undefined ? rmSync(policyFile) : writeFileSync(policyFile, text);
  writeFileSync(join(folder, "gateway.yaml"), configuration(folder));
  writeFileSync(join(folder, "resources/gateway.yaml"), gateway);
  tell(policy(perUser(3), forAll(100)));
  spawnSync(binary, ["certgen", "--local", "--config-home", join(folder, "home")]);

  const certificates = (of: string) => join(folder, "home/certs", of);
  let server = await startServer(binary, folder);
  const gate = await startGate({ settings: settingsWith(certificates("envoy-rate-limit")) });
  const pem = (name: string) => readFileSync(join(certificates("envoy"), name));
  const client = new GrpcClient(
    `localhost:${gate.grpcPort}`,
    {},
    // The name in the certificate, `*.envoy-gateway-system`, is none that Node takes.
    credentials.createSsl(pem("ca.crt"), pem("tls.key"), pem("tls.crt"), {
      checkServerIdentity: () => undefined,
    }),
  );
  return {
    gate,
    tell,
    async ask(user) {
      const entries = [
        { key: routeKey, value: routeKey },
        { key: "rule-0-match-0", value: user },
      ];
      const request = RateLimitRequest.encode({
        domain,
        hitsAddend: 0,
        descriptors: [{ entries, limit: undefined, hitsAddend: undefined, isNegativeHits: false }],
      }).finish();
      const answer = await client.ask(method, request, { deadlineMs: Date.now() + 10_000 });
      return RateLimitResponse.decode(answer).overallCode === 1 ? "OK" : "OVER_LIMIT";
    },
    limits: async () => limitsIn((await get(gate.debugPort, "/rlconfig")).body),
    async metric(name) {
      const { body } = await get(gate.httpPort, "/metrics");
      return sampleValue(parseExposition(body), name) ?? Number.NaN;
    },
    async restart(whileGone) {
      await server.kill();
      await whileGone();
      server = await startServer(binary, folder);
    },
    async stop() {
      client.close();
      await gate.stop();
      await server.kill();
    },
  };
}

/** Resolves once it listens for who wants rules. */
async function startServer(binary: string, folder: string): Promise<RunningProcess> {
  const config = join(folder, "gateway.yaml");
  const server = startProcess(binary, ["server", "--config-path", config]);
  await eventually(() => isListening(rulesPort) || server.hasExited, { timeoutMs: 60_000 });
  if (server.hasExited) throw new Error(`Envoy Gateway ended: ${server.log}`);
  return server;
}

/** Those of Envoy Gateway, without Redis, and on ports that it does not take itself. */
function settingsWith(certificates: string): Readonly<Record<string, string>> {
  const { REDIS_URL: _, PROMETHEUS_MAPPER_YAML: __, ...env } = envoyGateway.env;
  const placed = Object.entries(env).map(([name, value]) => [
    name,
    value.replace(/^\/certs/, certificates),
  ]);
  return {
    ...Object.fromEntries(placed),
    BACKEND_TYPE: "memory",
    USE_PROMETHEUS: "false",
  };
}

/** Looks for it in the kernel's lists of sockets. */
function isListening(port: number): boolean {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")} `;
  const listening = " 0A ";
  return ["/proc/net/tcp", "/proc/net/tcp6"]
    .flatMap((path) => readFileSync(path, "utf8").split("\n"))
    .some((line) => line.includes(local) && line.includes(listening));
}

function limitsIn(rlconfig: string): Record<string, string> {
  const lines = [...rlconfig.matchAll(/\.([^.\n]+): unit=(\w+) requests_per_unit=(\d+)/g)];
  return Object.fromEntries(
    lines.map(([, name = "", unit = "", requests = ""]) => [
      name.split("_")[0] ?? "",
      `${requests}/${unit}`,
    ]),
  );
}
