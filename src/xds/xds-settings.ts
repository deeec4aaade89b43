/** How rules are had from an xDS server (`CONFIG_TYPE=GRPC_XDS_SOTW`). */
export interface XdsSettings {
  /** Where it is, as gRPC writes it: `host:port`, `dns:///host:port`, `unix:/path`, … */
  readonly target: string;
  /** By which the server chooses what it sends. */
  readonly nodeId: string;
  readonly nodeMetadata: ReadonlyMap<string, string>;
  /** Sent along; their values are secrets. */
  readonly headers: ReadonlyMap<string, string>;
  /** A longer response is refused, and the connection with it. */
  readonly messageBytesMax: number;
  readonly backoff: BackoffSettings;
  /** `undefined`: in the clear. */
  readonly tls: XdsTlsSettings | undefined;
}

/** How long to wait before the server is tried again. */
export interface BackoffSettings {
  readonly initialMs: number;
  /** At least `initialMs`. */
  readonly maxMs: number;
  /** Each pause is so much longer than the one before; above 1. */
  readonly growth: number;
  /** The share of a pause that is random, from 0 to 1. */
  readonly randomShare: number;
}

/** The files are among those of all uses of TLS, as `xds`. */
export interface XdsTlsSettings {
  /** The name that the server's certificate has to have; `undefined`: its host name. */
  readonly serverName: string | undefined;
}
