/** The way to a statsd server. Holds nothing back: what is handed over is with the system, or lost and told to be. */
export interface Transport {
  /** The largest piece that should be sent at a time. */
  readonly pieceBytesMax: number;
  /** Makes sure that there is a way. Rejects with the reason when there is none. */
  open(): Promise<void>;
  /** Resolves when the system has taken the piece, and rejects when it did not in good time. One at a time. */
  send(piece: Buffer): Promise<void>;
  close(): void;
}

/** Where the server is. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** 4 or 6 for that version of IP alone, 0 for any. */
  readonly family: 0 | 4 | 6;
}
