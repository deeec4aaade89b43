import type { Launched } from "./process.js";

export interface Envoy extends Launched {
  /** Of its first listener. */
  readonly port: number;
  readonly adminPort: number;
}

/** Starts Envoy and waits until it takes requests. `config` is YAML or JSON, and its ports may be 0. */
export declare function startEnvoy(
  config: string,
  options?: { readonly concurrency?: number; readonly timeoutMs?: number },
): Promise<Envoy>;

export interface VelocityGate extends Launched {
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly debugPort: number;
}

/**
 * Starts the built service with nothing but these settings in its environment, on free ports of 127.0.0.1 unless they name others,
 * and waits until it is healthy.
 */
export declare function startVelocityGate(
  settings?: Readonly<Record<string, string>>,
  options?: { readonly timeoutMs?: number },
): Promise<VelocityGate>;
