import { type EnvoyConfig, envoyConfig } from "../../envoy/demo/config.js";
import { startEnvoy as launchEnvoy } from "../../envoy/demo/launch.js";
import { ask } from "../../envoy/demo/process.js";
import { eventually } from "./eventually.ts";
import type { Upstream } from "./upstream.ts";

/** A real Envoy that runs envoy/envoy.yaml. */
export interface TestEnvoy {
  readonly port: number;
  readonly log: string;
  /** The sum of all statistics whose name matches. */
  stat(name: RegExp): Promise<number>;
  /** What it counted of its dealings with VelocityGate, for a test that fails. */
  report(): Promise<string>;
  /** How many instances of VelocityGate its health checks find well. */
  healthyGates(): Promise<number>;
  /** Sets a runtime key, as an operator does on the admin port. */
  setRuntime(key: string, value: string): Promise<void>;
  stop(): Promise<void>;
}

export interface EnvoyOptions {
  /** Its instances of VelocityGate. */
  readonly gates: readonly { readonly grpcPort: number }[];
  readonly upstream: Upstream;
  /** What this test needs different in the configuration. */
  readonly change?: (config: EnvoyConfig) => void;
}

export async function startEnvoy({ gates, upstream, change }: EnvoyOptions): Promise<TestEnvoy> {
  const at = (port: number) => ({ host: "127.0.0.1", port });
  const config = envoyConfig(
    {
      listener: at(0),
      admin: at(0),
      velocitygate: gates.map(({ grpcPort }) => at(grpcPort)),
      upstream: at(upstream.port),
    },
    change,
  );
  const envoy = await launchEnvoy(config);
  const stat = async (name: RegExp) => sumOfStats(await ask(envoy.adminPort, "/stats"), name);
  const healthyGates = () => stat(/^cluster\..*velocitygate.*\.membership_healthy$/);
  try {
    // Envoy is ready after the first check of one host.
    await eventually(async () => (await healthyGates()) === gates.length, { timeoutMs: 20_000 });
  } catch (error) {
    await envoy.stop();
    throw error;
  }
  return {
    port: envoy.port,
    get log() {
      return envoy.log();
    },
    stat,
    async report() {
      const stats = (await ask(envoy.adminPort, "/stats?filter=velocitygate|ratelimit")) ?? "";
      return stats.split("\n").filter(isTelling).join("\n");
    },
    healthyGates,
    async setRuntime(key, value) {
      await ask(envoy.adminPort, `/runtime_modify?${key}=${value}`, "POST");
    },
    async stop() {
      await envoy.stop();
    },
  };
}

/** Neither 0 nor a histogram. */
function isTelling(line: string): boolean {
  return !/: (0|No recorded values|P0\(.*)$/.test(line);
}

function sumOfStats(text: string | undefined, name: RegExp): number {
  let sum = 0;
  for (const line of (text ?? "").split("\n")) {
    const [statName = "", value = ""] = line.split(": ");
    if (name.test(statName)) sum += Number(value);
  }
  return sum;
}
