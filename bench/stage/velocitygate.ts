import { spawnSync } from "node:child_process";
import { freePorts } from "../../test/support/ports.ts";
import { startProcess } from "../../test/support/processes.ts";
import { type ProbedProcess, startProbed } from "../profile/probed-process.ts";
import { type Entrant, type FirstCall, startEntrant } from "./entrant.ts";

/** `""`: the service has no setting for its engine and runs on grpc-js. */
export type Engine = "h2" | "grpc-js" | "";

export interface ServiceOptions {
  readonly name: string;
  readonly main: string;
  readonly engine: Engine;
  readonly ruleDirectory: string;
  /** Settings of the service, such as those of its store. */
  readonly settings: Readonly<Record<string, string>>;
  readonly firstCall: FirstCall;
}

/** Starts the service as it runs in production: rules, metrics, deadlines and everything else are on. */
export async function startService(options: ServiceOptions): Promise<Entrant> {
  const { port, env } = await serviceEnvironment(options);
  const launch = () => startProcess(process.execPath, [options.main], { env });
  return startEntrant({ name: options.name, isExact: true, port }, launch, options.firstCall);
}

/** The same with a probe in it. */
export async function startProbedService(
  options: ServiceOptions,
  nodeOptions: readonly string[],
): Promise<Entrant<ProbedProcess>> {
  const { port, env } = await serviceEnvironment(options);
  const launch = () => startProbed(options.main, env, nodeOptions);
  return startEntrant({ name: options.name, isExact: true, port }, launch, options.firstCall);
}

async function serviceEnvironment({ engine, ruleDirectory, settings }: ServiceOptions) {
  const [port = 0, httpPort = 0, debugPort = 0] = await freePorts(3);
  const env = {
    ...process.env,
    HOST: "127.0.0.1",
    GRPC_HOST: "127.0.0.1",
    DEBUG_HOST: "127.0.0.1",
    GRPC_PORT: `${port}`,
    PORT: `${httpPort}`,
    DEBUG_PORT: `${debugPort}`,
    RUNTIME_ROOT: ruleDirectory,
    ...(engine === "" ? {} : { GRPC_ENGINE: engine }),
    ...settings,
  };
  return { port, env };
}

/** The engines that a build has: one that does not know the setting would ignore it. */
export function enginesOf(main: string): readonly Engine[] {
  const { PATH } = process.env;
  const { status, stderr } = spawnSync(process.execPath, [main], {
    env: { PATH, GRPC_ENGINE: "none", GRPC_PORT: "not a port" },
    encoding: "utf8",
    timeout: 20_000,
  });
  // The wrong port makes it end in any case, and all mistakes are told at once.
  if (status !== 2) throw new Error(`the service cannot be started: ${stderr}`);
  return /GRPC_ENGINE.*none/.test(stderr) ? ["h2", "grpc-js"] : [""];
}
