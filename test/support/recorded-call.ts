import type { StreamCall } from "../../src/grpc/engine.ts";

/** A stream call without a peer: remembers what its handler did. */
export class RecordedCall implements StreamCall {
  readonly path: string;
  readonly deadlineMs = undefined;
  readonly written: Uint8Array[] = [];
  /** What `write` answers. */
  canWrite: boolean = true;
  /** `undefined` until the call is ended; then its error, or "OK". */
  ended: Error | "OK" | undefined;

  constructor(path: string) {
    this.path = path;
  }

  header(): string | undefined {
    return undefined;
  }

  write(message: Uint8Array): boolean {
    this.written.push(message);
    return this.canWrite;
  }

  end(error?: Error): void {
    this.ended = error ?? "OK";
  }
}
