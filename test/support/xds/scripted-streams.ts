import type { DiscoveryRequest } from "../../../src/gen/envoy/service/discovery/v3/discovery.ts";
import type { MethodPath, OpenStream, Stream, StreamEvents } from "../../../src/xds/stream.ts";

/** A stream whose server is the test. */
export class ScriptedStream implements Stream {
  readonly method: MethodPath;
  readonly sent: DiscoveryRequest[] = [];
  isClosed: boolean = false;
  readonly #events: StreamEvents;

  constructor(method: MethodPath, events: StreamEvents) {
    this.method = method;
    this.#events = events;
  }

  send(request: DiscoveryRequest): void {
    this.sent.push(request);
  }

  close(): void {
    this.isClosed = true;
  }

  connects(): this {
    this.#events.onConnected();
    return this;
  }

  says(message: Buffer): this {
    this.#events.onMessage(message);
    return this;
  }

  ends(reason: string, isUnimplemented = false): void {
    this.#events.onEnd({ reason, isUnimplemented });
  }
}

/** Streams in the order in which they were opened. */
export function scriptedStreams(): { readonly all: ScriptedStream[]; readonly open: OpenStream } {
  const all: ScriptedStream[] = [];
  return {
    all,
    open: (method, events) => {
      const stream = new ScriptedStream(method, events);
      all.push(stream);
      return stream;
    },
  };
}
