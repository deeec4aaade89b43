export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Addresses {
  /** Where clients connect; port 0 picks a free one, which `startEnvoy` tells. */
  readonly listener: Address;
  /** Port 0 as above. */
  readonly admin: Address;
  /** One for each instance. */
  readonly velocitygate: readonly Address[];
  readonly upstream: Address;
}

export declare const configPath: string;

/** @param change what a test needs different, applied last to the parsed configuration */
export declare function envoyConfig(
  addresses: Addresses,
  change?: (config: EnvoyConfig) => void,
): string;

/** Any part of a parsed Envoy configuration. */
// biome-ignore lint/suspicious/noExplicitAny: the shape is Envoy's, and Envoy checks it.
export type EnvoyConfig = any;
