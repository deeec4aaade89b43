import {
  RateLimitResponse_Code as Code,
  RateLimitRequest,
  RateLimitResponse,
  type RateLimitResponse_DescriptorStatus as Status,
  RateLimitResponse_RateLimit_Unit as Unit,
} from "../../src/gen/envoy/service/ratelimit/v3/rls.ts";
import { GrpcClient } from "./grpc-client.ts";

const method = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

/** A descriptor as people write it: `key=value,key=value`, with what else it may carry. */
export interface AskedDescriptor {
  readonly entries: string;
  readonly hitsAddend?: number;
}

/** An answer in words: `OK`, `OVER_LIMIT`; and for each descriptor `OK 20/MINUTE 19 left`, or `OK` alone without a limit. */
export interface Answer {
  readonly overall: string;
  readonly statuses: readonly string[];
  /** Seconds until the window of each descriptor's limit ends; `undefined` without a limit. */
  readonly resets: readonly (number | undefined)[];
}

/** A client of the rate limit service, as Envoy is one. */
export class RateLimitClient {
  readonly #grpc: GrpcClient;

  /** @param at a port of this machine, or `unix:/path` */
  constructor(at: number | string) {
    this.#grpc = new GrpcClient(typeof at === "number" ? `127.0.0.1:${at}` : at);
  }

  async ask(domain: string, ...descriptors: (string | AskedDescriptor)[]): Promise<Answer> {
    const request = RateLimitRequest.encode({
      domain,
      hitsAddend: 0,
      descriptors: descriptors.map(toMessage),
    }).finish();
    const deadlineMs = Date.now() + 10_000;
    const answer = RateLimitResponse.decode(await this.#grpc.ask(method, request, { deadlineMs }));
    return {
      overall: nameOf(Code, answer.overallCode),
      statuses: answer.statuses.map(inWords),
      resets: answer.statuses.map(({ durationUntilReset }) => durationUntilReset?.seconds),
    };
  }

  async stop(): Promise<void> {
    this.#grpc.close();
  }
}

function toMessage(asked: string | AskedDescriptor): RateLimitRequest["descriptors"][number] {
  const { entries, hitsAddend } = typeof asked === "string" ? { entries: asked } : asked;
  return {
    entries: entries.split(",").map((entry) => {
      const at = entry.indexOf("=");
      return { key: entry.slice(0, at), value: entry.slice(at + 1) };
    }),
    limit: undefined,
    hitsAddend,
    isNegativeHits: false,
  };
}

function inWords({ code, currentLimit, limitRemaining }: Status): string {
  const words = [nameOf(Code, code)];
  if (currentLimit !== undefined) {
    const { requestsPerUnit, unit } = currentLimit;
    words.push(`${requestsPerUnit}/${nameOf(Unit, unit)}`, `${limitRemaining} left`);
  }
  return words.join(" ");
}

/** The name that `rls.proto` gives a number. */
function nameOf(names: Readonly<Record<string, number>>, number: number): string {
  return Object.keys(names).find((name) => names[name] === number) ?? `${number}`;
}
