import { spawnSync } from "node:child_process";
import { freePorts } from "../../test/support/ports.ts";
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
  /** Options of Node itself. */
  readonly nodeOptions?: readonly string[];
  readonly firstCall: FirstCall;
}

/** Starts the service as it runs in production: rules, metrics, deadlines and everything else are on. */
export async function startService(options: ServiceOptions): Promise<Entrant> {
  const [grpcPort = 0, httpPort = 0, debugPort = 0] = await freePorts(3);
  const command = [process.execPath, ...(options.nodeOptions ?? []), options.main] as const;
  const env = {
    HOST: "127.0.0.1",
    GRPC_HOST: "127.0.0.1",
    DEBUG_HOST: "127.0.0.1",
    GRPC_PORT: `${grpcPort}`,
    PORT: `${httpPort}`,
    DEBUG_PORT: `${debugPort}`,
    RUNTIME_ROOT: options.ruleDirectory,
    RUNTIME_APPDIRECTORY: ".",
    ...(options.engine === "" ? {} : { GRPC_ENGINE: options.engine }),
    ...options.settings,
  };
  const entrant = { name: options.name, isExact: true, port: grpcPort };
  return startEntrant(entrant, command, env, options.firstCall);
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
