import type { RateLimitConfig } from "../../../src/gen/ratelimit/config/ratelimit/v3/rls_conf.ts";
import { bytesOf, configUrl } from "./updates.ts";
import { type Request, type ServerStream, XdsServer, type XdsServerOptions } from "./xds-server.ts";

/**
 * A server that keeps one snapshot and sends it to whoever does not have its version, as go-control-plane does: also, and at once, to
 * who has just refused it. Versions count from 1, and nonces do in each stream.
 */
export class SnapshotServer {
  readonly server: XdsServer;
  readonly #state: State;

  private constructor(server: XdsServer, state: State) {
    this.server = server;
    this.#state = state;
  }

  static async start(options: Omit<XdsServerOptions, "onRequest"> = {}): Promise<SnapshotServer> {
    const state = new State();
    const server = await XdsServer.start({
      ...options,
      onRequest: (request, stream) => state.answer(request, stream),
    });
    return new SnapshotServer(server, state);
  }

  get target(): string {
    return this.server.target;
  }

  /** How often it sent something. */
  get sent(): number {
    return this.#state.sent;
  }

  /** Of the snapshot; empty while there is none. */
  get version(): string {
    return this.#state.version === 0 ? "" : `${this.#state.version}`;
  }

  /** Every refusal that it heard of, in order. */
  get refusals(): readonly string[] {
    return this.#state.refusals;
  }

  /** Whether a client has accepted what is current. */
  get isAccepted(): boolean {
    const { requests, hasEnded } = this.server.latest;
    return !hasEnded && requests.at(-1)?.versionInfo === this.version;
  }

  set(configs: readonly RateLimitConfig[]): void {
    this.#state.set(configs);
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}

class State {
  version = 0;
  sent = 0;
  readonly refusals: string[] = [];
  #configs: readonly RateLimitConfig[] = [];
  readonly #waiting = new Set<ServerStream>();
  readonly #nonces = new Map<ServerStream, number>();

  set(configs: readonly RateLimitConfig[]): void {
    this.version += 1;
    this.#configs = configs;
    for (const stream of this.#waiting) this.#send(stream);
    this.#waiting.clear();
  }

  answer({ versionInfo, responseNonce, errorDetail }: Request, stream: ServerStream): void {
    if (responseNonce !== `${this.#nonces.get(stream) ?? ""}`) return;
    if (errorDetail !== undefined) this.refusals.push(errorDetail.message);
    if (this.version !== 0 && versionInfo !== `${this.version}`) this.#send(stream);
    else this.#waiting.add(stream);
  }

  #send(stream: ServerStream): void {
    const nonce = (this.#nonces.get(stream) ?? 0) + 1;
    this.#nonces.set(stream, nonce);
    this.sent += 1;
    stream.send({
      versionInfo: `${this.version}`,
      nonce: `${nonce}`,
      typeUrl: configUrl,
      resources: this.#configs.map((config) => ({ type_url: configUrl, value: bytesOf(config) })),
    });
  }
}
