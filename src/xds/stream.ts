import type { DiscoveryRequest } from "../gen/envoy/service/discovery/v3/discovery.ts";

/** The services that give rules, by the path of their method. They speak the same messages. */
export const methods = {
  aggregated: "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources",
  rateLimitConfig:
    "/ratelimit.service.ratelimit.v3.RateLimitConfigDiscoveryService/StreamRlsConfigs",
} as const;
export type MethodPath = (typeof methods)[keyof typeof methods];

/** One stream to the server, with a connection of its own. */
export interface Stream {
  /** Is kept until there is a connection, and lost after the end. */
  send(request: DiscoveryRequest): void;
  /** Ends it and its connection at once; nothing is heard of it any more. */
  close(): void;
}

export interface StreamEvents {
  /** There is a connection. At most once. */
  readonly onConnected: () => void;
  /** The bytes of a response. */
  readonly onMessage: (message: Buffer) => void;
  /** The stream and its connection are over, or never came to be. Once. */
  readonly onEnd: (end: StreamEnd) => void;
}

export interface StreamEnd {
  /** For people. */
  readonly reason: string;
  /** The server does not have the method. */
  readonly isUnimplemented: boolean;
}

/** Begins a stream. Its events come later, never before this returns. */
export type OpenStream = (method: MethodPath, events: StreamEvents) => Stream;
