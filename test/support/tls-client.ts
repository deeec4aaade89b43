import { type ChannelCredentials, credentials } from "@grpc/grpc-js";
import {
  RateLimitRequest,
  RateLimitResponse,
} from "../../src/gen/envoy/service/ratelimit/v3/rls.ts";
import type { Authority, Identity } from "./certificates.ts";
import { GrpcClient } from "./grpc-client.ts";

const method = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

/** Trusts what the authority has signed, and shows a certificate when there is one. */
export function trusting({ cert }: Pick<Authority, "cert">, shown?: Identity): ChannelCredentials {
  const buffer = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  return credentials.createSsl(Buffer.from(cert), buffer(shown?.key), buffer(shown?.cert));
}

/** A client of the port of this machine that calls it `localhost`. */
export function clientOfPort(port: number | undefined, trust: ChannelCredentials): GrpcClient {
  return new GrpcClient(`localhost:${port}`, {}, trust);
}

/** Asks the service for one hit of `key=value`. */
export async function askOnce(
  client: GrpcClient,
  domain = "d",
  [key, value]: readonly [string, string] = ["k", "v"],
): Promise<RateLimitResponse> {
  const request = RateLimitRequest.encode({
    domain,
    hitsAddend: 0,
    descriptors: [
      {
        entries: [{ key, value }],
        limit: undefined,
        hitsAddend: undefined,
        isNegativeHits: false,
      },
    ],
  }).finish();
  const deadlineMs = Date.now() + 10_000;
  return RateLimitResponse.decode(await client.ask(method, request, { deadlineMs }));
}

/** One question on a connection of its own: `served`, or why not. */
export async function tryOnce(
  port: number | undefined,
  trust: ChannelCredentials,
): Promise<string> {
  const client = clientOfPort(port, trust);
  try {
    await askOnce(client);
    return "served";
  } catch (error) {
    return String((error as { details?: string }).details);
  } finally {
    client.close();
  }
}
