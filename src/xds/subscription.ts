/**
 * The protocol, without its connection: what is to be sent on a stream, and what comes of a response. «State of the world»: every
 * response brings all rules, and is answered by a request that accepts or refuses it
 * (envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol).
 *
 * The version and the nonce belong to the stream. A server that was restarted counts its versions from 1 again, and would take a
 * version that an earlier one gave for its own: it would send nothing until the next change. So a new stream asks without them.
 */
import { createHash } from "node:crypto";
import type { Node } from "../gen/envoy/config/core/v3/base.ts";
import {
  type DiscoveryRequest,
  DiscoveryResponse,
} from "../gen/envoy/service/discovery/v3/discovery.ts";
import type { Any } from "../gen/google/protobuf/any.ts";
import type { Status } from "../gen/google/rpc/status.ts";
import type { RuleSet } from "../limits/rule-set.ts";
import { UpdateRefusedError } from "./compile-configs.ts";

export const configType = "ratelimit.config.ratelimit.v3.RateLimitConfig";
const typeUrl = `type.googleapis.com/${configType}`;

export interface SubscriptionOptions {
  readonly node: Node;
  /** @throws UpdateRefusedError */
  readonly compile: (resources: readonly Uint8Array[]) => RuleSet;
}

/** What comes of a response. `reply` is to be sent on the same stream. */
export type Outcome =
  /** `rules` are in force now; they are the ones that were when `isChanged` is false. */
  | {
      readonly kind: "accepted";
      readonly rules: RuleSet;
      readonly isChanged: boolean;
      readonly resources: readonly Uint8Array[];
      readonly version: string;
      readonly reply: DiscoveryRequest;
    }
  /** What was in force stays. */
  | {
      readonly kind: "refused";
      readonly refusal: UpdateRefusedError;
      readonly version: string;
      readonly reply: DiscoveryRequest;
    }
  /** Resources that nobody asked for. */
  | { readonly kind: "foreign"; readonly typeUrl: string }
  /** No response at all. The stream cannot be gone on with: what could be answered is not known. */
  | { readonly kind: "unreadable"; readonly reason: string };

export class Subscription {
  readonly #options: SubscriptionOptions;
  #current: RuleSet | undefined;
  #digest: string | undefined;
  /** The update that was refused last, so that it is not compiled again each time it is sent again. */
  #refused: { readonly digest: string; readonly refusal: UpdateRefusedError } | undefined;
  #acceptedVersion = "";

  constructor(options: SubscriptionOptions) {
    this.#options = options;
  }

  /** The rules in force; `undefined` until an update was accepted. */
  get current(): RuleSet | undefined {
    return this.#current;
  }

  /** A stream begins: the request that is to be sent first. */
  begin(): DiscoveryRequest {
    this.#acceptedVersion = "";
    return this.#request("");
  }

  receive(bytes: Uint8Array): Outcome {
    let response: DiscoveryResponse;
    try {
      response = DiscoveryResponse.decode(bytes);
    } catch (error) {
      return { kind: "unreadable", reason: error instanceof Error ? error.message : String(error) };
    }
    // A server with but one type of resources may leave it out.
    if (response.typeUrl !== "" && messageOf(response.typeUrl) !== configType) {
      return { kind: "foreign", typeUrl: response.typeUrl };
    }
    return this.#answer(response);
  }

  #answer({ resources, versionInfo: version, nonce }: DiscoveryResponse): Outcome {
    const digest = digestOf(resources);
    const before = this.#current;
    try {
      const rules = this.#rulesOf(resources, digest);
      this.#current = rules;
      this.#digest = digest;
      this.#acceptedVersion = version;
      return {
        kind: "accepted",
        rules,
        isChanged: rules !== before,
        resources: resources.map(({ value }) => value),
        version,
        reply: this.#request(nonce),
      };
    } catch (error) {
      const refusal = asRefusal(error);
      this.#refused = { digest, refusal };
      const reply = this.#request(nonce, refusal.message);
      return { kind: "refused", refusal, version, reply };
    }
  }

  #rulesOf(resources: readonly Any[], digest: string): RuleSet {
    if (this.#current !== undefined && digest === this.#digest) return this.#current;
    if (digest === this.#refused?.digest) throw this.#refused.refusal;
    for (const [index, { typeUrl: given }] of resources.entries()) {
      if (messageOf(given) === configType) continue;
      const text = `resource ${index + 1} is a ${messageOf(given)}`;
      throw new UpdateRefusedError(text, { accepted: typeUrl });
    }
    return this.#options.compile(resources.map(({ value }) => value));
  }

  #request(nonce: string, refusal?: string): DiscoveryRequest {
    return {
      versionInfo: this.#acceptedVersion,
      node: this.#options.node,
      resourceNames: [],
      typeUrl,
      responseNonce: nonce,
      errorDetail: refusal === undefined ? undefined : toStatus(refusal),
    };
  }
}

/** google.rpc.Code. The reference leaves it 0, which says «OK». */
const invalidArgument = 3;

/** A key in it may be as long as the update. */
const messageLengthMax = 4_096;

function toStatus(refusal: string): Status {
  const message = refusal.slice(0, messageLengthMax).toWellFormed();
  return { code: invalidArgument, message, details: [] };
}

/** The full name in a type URL: what stands after its last slash. */
function messageOf(url: string): string {
  return url.slice(url.lastIndexOf("/") + 1);
}

/** A bug met while compiling must not end a process that has good rules. */
function asRefusal(error: unknown): UpdateRefusedError {
  if (error instanceof UpdateRefusedError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new UpdateRefusedError(`unexpected: ${text}`, { cause: error });
}

/** The same for the same resources in the same order only. */
function digestOf(resources: readonly Any[]): string {
  const hash = createHash("sha256");
  for (const { typeUrl: url, value } of resources) {
    hash.update(`${Buffer.byteLength(url)} ${value.length} ${url}`).update(value);
  }
  return hash.digest("base64");
}
