/** How calls are traced. Spans go to one receiver over OTLP. */
export interface TracingSettings {
  readonly serviceName: string;
  /** Empty: none. */
  readonly serviceNamespace: string;
  /** Empty: one of this process's own, at random. */
  readonly serviceInstanceId: string;
  /** Of the service too; those above win. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Share of the calls that are traced when their caller has not decided it, from 0 to 1. */
  readonly samplingRate: number;
  readonly exporter: ExporterSettings;
  readonly queue: QueueSettings;
}

export interface ExporterSettings {
  readonly protocol: "http" | "grpc";
  /** HTTP: the whole URL. gRPC: `http://host:port`, `https://host:port` or `unix:path`. May hold credentials: not for logs. */
  readonly url: string;
  /** May hold credentials. */
  readonly headers: ReadonlyMap<string, string>;
  /** For one batch, its retries included. */
  readonly timeoutMs: number;
  readonly compression: "none" | "gzip";
  /** Exactly when the receiver is spoken to over TLS. */
  readonly tls: ExporterTls | undefined;
}

export interface ExporterTls {
  /** PEM; `undefined`: the CAs that Node trusts. */
  readonly ca: string | undefined;
  /** PEM, both or neither. */
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** Spans that wait to be sent. */
export interface QueueSettings {
  /** Further ones are dropped. */
  readonly spansMax: number;
  readonly batchSpansMax: number;
  readonly delayMsMax: number;
  readonly exportTimeoutMs: number;
}
