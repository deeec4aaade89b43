/** What the harness asks of the load generator, and what it hears back. Both are plain values: they cross a process border. */

/** Which users the requests are about. Each user has counters of its own. */
export type Users =
  /** Any of them, at random. */
  | { readonly kind: "random"; readonly count: number }
  /** Each of them once, in order, and from the beginning again. */
  | { readonly kind: "sweep"; readonly count: number }
  /** Always the same one. */
  | { readonly kind: "hot" }
  /** Never the same one twice; `first` and those after it were in no run before. */
  | { readonly kind: "new"; readonly first: number };

export interface RequestSpec {
  readonly domain: string;
  /** 1 to 10: `remote_address`, then one of `path` and `user` after the other. */
  readonly descriptors: number;
  /** How many different paths there are; each has a rule of its own. */
  readonly paths: number;
  readonly users: Users;
  /** `grpc-timeout`, as it is written there. */
  readonly timeout: string;
}

/** When the next call is made. */
export type Pace =
  /** Each stream calls again as soon as it is answered. */
  | { readonly kind: "closed"; readonly connections: number; readonly streams: number }
  /** One connection makes `size` calls at once, and the next ones when all are answered. */
  | { readonly kind: "bursts"; readonly size: number }
  /** Calls are due at random instants, `perSecond` on average, answered or not. */
  | {
      readonly kind: "open";
      readonly connections: number;
      readonly perSecond: number;
      /** With so many calls unanswered the run is given up; absent: 4,000. */
      readonly unansweredMax?: number;
    };

/** What an answer must say. */
export interface Expectation {
  readonly code: "OK" | "OVER_LIMIT" | "EITHER";
  /**
   * The limit of every counter: what remains is held against it and against earlier answers for the same user. `undefined`: the
   * server is not known well enough for that, and only codes and the number of statuses are checked.
   */
  readonly limit: number | undefined;
}

export interface LoadSpec {
  readonly port: number;
  /** The certificate to trust, as PEM; `undefined`: in the clear. */
  readonly certificate: string | undefined;
  readonly request: RequestSpec;
  readonly pace: Pace;
  /** The run ends when either is reached; then the calls under way are waited for. */
  readonly secondsMax: number;
  readonly callsMax: number;
  readonly seed: number;
  readonly expected: Expectation;
  /** The server may turn calls away; otherwise that is an error. */
  readonly mayRefuse?: boolean;
  /** Processes whose CPU time and system calls are measured between the first call and the last answer. */
  readonly serverPids: readonly number[];
  readonly redisPids: readonly number[];
}

export interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

export interface LoadResult {
  readonly calls: number;
  readonly seconds: number;
  /** Calls that were made, that the server turned away, and how many of those heard it within 20 ms. */
  readonly made: number;
  readonly refused: number;
  readonly refusedInTime: number;
  /** In ms, from the instant at which a call was made, or due in an open loop. */
  readonly latencies: Latencies;
  /** Share of the calls that took longer than 20 ms. */
  readonly lateShare: number;
  /** Open loop: how long after they were due calls were made, in ms; what the generator itself adds to the latencies. */
  readonly lag: Latencies;
  /** Open loop: the server fell so far behind that the run was given up; the latencies mean nothing. */
  readonly isOverloaded: boolean;
  /** CPU seconds. */
  readonly serverCpu: number;
  readonly redisCpu: number;
  readonly generatorCpu: number;
  /** Share of the machine's CPU time that went to other processes. */
  readonly foreignShare: number;
  /** Bytes over the generator's sockets, TLS not counted. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** System calls of the server that write, and that read. */
  readonly serverWrites: number;
  readonly serverReads: number;
}
