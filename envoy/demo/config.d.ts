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

/**
 * The deadlines of envoy.yaml are right for machines that have time for their requests. Where every request counts, and the machine
 * does other things as well, they must not decide: this is a change that makes them long.
 */
export declare function withPatience(config: EnvoyConfig): void;

/** The filters of the only listener. */
export declare function httpFilters(config: EnvoyConfig): EnvoyConfig[];

/** The only virtual host. */
export declare function virtualHost(config: EnvoyConfig): EnvoyConfig;
