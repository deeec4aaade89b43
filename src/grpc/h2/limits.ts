/**
 * RFC 9113 §10.5: everything that a peer can make this server hold or do, and the bound that it has. What an operator may choose is
 * in `EngineOptions`; the rest is here, far above what a well-behaved client needs and low enough that ten thousand hostile
 * connections do no harm.
 */
export interface H2Limits {
  /** Connections at a time; more are closed as they come. */
  readonly connectionsMax: number;
  /** The fields of a request by the measure of RFC 7541 §4.1, sent as SETTINGS_MAX_HEADER_LIST_SIZE; a larger one is answered 431. */
  readonly headerListBytesMax: number;
  /** The compressed fields of one request or trailer: HEADERS and its CONTINUATION frames together. */
  readonly headerBlockBytesMax: number;
  /** CONTINUATION frames of one header block, however short. */
  readonly continuationsMax: number;
  /** Frames of one second that are no part of a call: PING, SETTINGS, PRIORITY, RST_STREAM, empty DATA and the like. */
  readonly idleFramesPerSecondMax: number;
  /** Flow-control window of the whole connection for what it receives (§6.9); at least 65,535. */
  readonly receiveWindowBytes: number;
  /** Of one connection in one turn of the event loop, or somewhat more: then the others have theirs. */
  readonly bytesPerTurnMax: number;
  /** Messages of a connection that have not arrived whole, together, beside one of the longest that are allowed. */
  readonly partialMessageBytesMax: number;
  /** The same of all connections together. */
  readonly partialMessageBytesOfServerMax: number;
  /** Output that the peer has not read. Above it nothing more is read from the peer. */
  readonly unreadOutputBytesMax: number;
  /** How long such a peer is waited for. */
  readonly unreadOutputMaxMs: number;
  /** From the connection to its preface, and from our SETTINGS to their ACK (§6.5.3). */
  readonly handshakeMaxMs: number;
  /** A connection without a call for so long is told to go away. */
  readonly connectionIdleMaxMs: number;
  /** From the last GOAWAY to the end of the connection, when no call is left. */
  readonly closeMaxMs: number;
}

export const defaultLimits: H2Limits = {
  connectionsMax: 65_536,
  headerListBytesMax: 16_384,
  headerBlockBytesMax: 32_768,
  continuationsMax: 32,
  idleFramesPerSecondMax: 10_000,
  receiveWindowBytes: 1_048_576,
  bytesPerTurnMax: 262_144,
  partialMessageBytesMax: 1_048_576,
  partialMessageBytesOfServerMax: 134_217_728,
  unreadOutputBytesMax: 1_048_576,
  unreadOutputMaxMs: 60_000,
  handshakeMaxMs: 10_000,
  connectionIdleMaxMs: 3_600_000,
  closeMaxMs: 2_000,
};
