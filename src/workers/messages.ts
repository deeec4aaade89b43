import type { HttpAnswer, HttpHeaders } from "../http/server.ts";
import type { RuleDocuments } from "../limits/rule-set.ts";
import type { TlsTexts, TlsUse } from "../tls/tls-files.ts";

/** What the primary tells a worker. */
export type ToWorker =
  /** These are valid: their rules come into force. */
  | { readonly type: "rules"; readonly documents: RuleDocuments }
  /** What is in force for that use of TLS, from now on. Those of all uses come before anything else. */
  | { readonly type: "tls"; readonly use: TlsUse; readonly texts: TlsTexts }
  /** Comes with a connection to the gRPC port, to be answered by `taken` and, later, by `closed`. */
  | { readonly type: "connection" }
  /** To be answered under the same id. */
  | { readonly type: "ask"; readonly id: number; readonly question: Question }
  /** To be answered by a `pulse`: it shows that the worker is not stuck. */
  | { readonly type: "pulse" }
  /** Turn unhealthy for good, and go on serving. */
  | { readonly type: "retire" }
  /** End in order. */
  | { readonly type: "drain" };

/** What comes in over HTTP at the primary, and only a worker knows. */
export type Question =
  | { readonly about: "metrics" | "stats" | "gauges" }
  /** `headers`: those that say to which trace the call belongs, when calls are traced. */
  | { readonly about: "json"; readonly body: Buffer; readonly headers: HttpHeaders };

/** What a worker tells the primary. */
export type FromWorker =
  /** It hears messages and takes connections now; `counters` says where it counts, for people. */
  | { readonly type: "started"; readonly counters: string }
  /** The connection that was given to it the longest ago is its own now. */
  | { readonly type: "taken" }
  /** One of those is closed. */
  | { readonly type: "closed" }
  /** The parts of it that do not hold, at every change. */
  | { readonly type: "health"; readonly failing: readonly string[] }
  | { readonly type: "answer"; readonly id: number; readonly answer: HttpAnswer }
  | { readonly type: "pulse" }
  /** It ends: the counters were not reached in the time that the operator allows for it. */
  | { readonly type: "unreachable"; readonly text: string };

/** How a process ended; the one is `undefined` when the other is not. */
export interface Ended {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}
