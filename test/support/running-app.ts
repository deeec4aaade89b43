import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, startApp } from "../../src/app.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import {
  RateLimitRequest,
  RateLimitResponse,
} from "../../src/gen/envoy/service/ratelimit/v3/rls.ts";
import { readSettings } from "../../src/settings.ts";
import { GrpcClient } from "./grpc-client.ts";
import { get, type HttpAnswer } from "./http-client.ts";
import { type KeptLog, keptLog } from "./kept-log.ts";
import { type Family, parseExposition } from "./parse-exposition.ts";
import { put } from "./rule-directory.ts";

const method = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

export interface AppOptions {
  /** Rule files by their path below the root; `undefined`: one with nothing but a domain. */
  readonly rules?: Readonly<Record<string, string>>;
  /** The environment, beside free ports on 127.0.0.1 and where the rules are. */
  readonly settings?: Environment;
  /** `undefined`: the system's. */
  readonly clock?: Clock;
}

/** What may be asked of the service, beside the domain `d`. */
export interface Question {
  /** One descriptor each: `key=value,key=value`. */
  readonly descriptors: readonly string[];
  readonly hits?: number;
  /** How long the caller waits; unset: long. */
  readonly waitsMs?: number;
}

/** The whole service in this process, built from an environment as the program builds it. */
export class RunningApp {
  readonly app: App;
  readonly log: KeptLog;
  readonly root: string;
  readonly #grpc: GrpcClient;

  constructor(app: App, log: KeptLog, root: string, target: string) {
    this.app = app;
    this.log = log;
    this.root = root;
    this.#grpc = new GrpcClient(target);
  }

  /** @throws (rejects) grpc-js's ServiceError, with `code` and `details` */
  async ask(question: string | Question): Promise<RateLimitResponse> {
    const {
      descriptors,
      hits = 0,
      waitsMs = 10_000,
    } = typeof question === "string" ? { descriptors: [question] } : question;
    const request = RateLimitRequest.encode({
      domain: "d",
      hitsAddend: hits,
      descriptors: descriptors.map(toDescriptor),
    }).finish();
    const deadlineMs = Date.now() + waitsMs;
    return RateLimitResponse.decode(await this.#grpc.ask(method, request, { deadlineMs }));
  }

  get(path: string): Promise<HttpAnswer> {
    return get(this.app.httpPort, path);
  }

  async metrics(): Promise<ReadonlyMap<string, Family>> {
    return parseExposition((await this.get("/metrics")).body);
  }

  async stop(): Promise<void> {
    this.#grpc.close();
    await this.app.stop();
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** @throws VelocityGateError (rejects) what the program would end with */
export async function startInProcess(options: AppOptions = {}): Promise<RunningApp> {
  const { rules = { "rules.yaml": "domain: d\n" }, settings = {}, clock = systemClock } = options;
  const root = mkdtempSync(join(tmpdir(), "velocitygate-app-"));
  for (const [name, text] of Object.entries(rules)) put(join(root, name), text);
  const log = keptLog();
  const environment: Environment = { ...quiet, RUNTIME_ROOT: root, ...settings };
  try {
    const world = { log, clock, random: Math.random };
    const app = await startApp(readSettings(environment), world);
    const { GRPC_UDS, GRPC_HOST } = environment;
    const target = GRPC_UDS === undefined ? `${GRPC_HOST}:${app.grpcPort}` : `unix:${GRPC_UDS}`;
    return new RunningApp(app, log, root, target);
  } catch (error) {
    rmSync(root, { recursive: true, force: true });
    throw error;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

const quiet = {
  HOST: "127.0.0.1",
  PORT: "0",
  DEBUG_PORT: "0",
  GRPC_HOST: "127.0.0.1",
  GRPC_PORT: "0",
  RUNTIME_APPDIRECTORY: "",
  RUNTIME_WATCH_ROOT: "false",
  SHUTDOWN_GRACE: "0s",
};

function toDescriptor(text: string): RateLimitRequest["descriptors"][number] {
  const entries = text.split(",").map((entry) => {
    const at = entry.indexOf("=");
    return { key: entry.slice(0, at), value: entry.slice(at + 1) };
  });
  return { entries, limit: undefined, hitsAddend: undefined, isNegativeHits: false };
}
