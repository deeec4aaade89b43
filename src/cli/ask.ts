import { parseArgs } from "node:util";
import type { Client } from "@grpc/grpc-js";
import {
  RateLimitResponse_Code as Code,
  type RateLimitResponse_DescriptorStatus as DescriptorStatus,
  RateLimitRequest,
  RateLimitResponse,
  RateLimitResponse_RateLimit_Unit as Unit,
} from "../gen/envoy/service/ratelimit/v3/rls.ts";
import type { Entry } from "../limits/descriptor.ts";
import { type Command, UsageError } from "./command.ts";
import { formatEntries, parseDescriptors } from "./descriptors.ts";
import { openTarget, reasonOf, targetOptions, targetUsage, wholeNumber } from "./grpc-target.ts";

const path = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

/** `velocitygate ask`: one ShouldRateLimit from a shell. */
export const ask: Command = {
  usage: `usage: velocitygate ask --domain DOMAIN [options] key=value …

Asks the service whether a request with this descriptor may pass, and counts it.

  --domain DOMAIN            the domain whose rules decide
  --descriptor K=V,K=V       a further descriptor; may be given several times
  --hits N                   hits that the request adds (default 1)
  --times N                  asks N times in a row (default 1)
  --json                     prints each answer as one line of JSON
${targetUsage}
Exit code: 0 answered, whatever the answer; 1 not answered; 2 not understood.
`,
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      domain: { type: "string" },
      descriptor: { type: "string", multiple: true, default: [] },
      hits: { type: "string", default: "1" },
      times: { type: "string", default: "1" },
      ...targetOptions,
      json: { type: "boolean", default: false },
    },
  });
  if (values.domain === undefined) throw new UsageError("--domain is missing");
  const descriptors = parseDescriptors(positionals, values.descriptor);
  const request: RateLimitRequest = {
    domain: values.domain,
    descriptors: descriptors.map(toMessage),
    hitsAddend: wholeNumber("--hits", values.hits, 0, 4_294_967_295),
  };
  const times = wholeNumber("--times", values.times, 1, 100_000);
  const { client, timeoutMs } = openTarget(values);
  try {
    for (let i = 0; i < times; i++) {
      const answer = await call(client, request, timeoutMs);
      process.stdout.write(values.json ? asJson(answer) : asText(answer, descriptors));
    }
    return 0;
  } catch (error) {
    process.stderr.write(`no answer from ${values.address}: ${reasonOf(error)}\n`);
    return 1;
  } finally {
    client.close();
  }
}

function toMessage(entries: readonly Entry[]): RateLimitRequest["descriptors"][number] {
  return { entries: [...entries], limit: undefined, hitsAddend: undefined, isNegativeHits: false };
}

function call(
  client: Client,
  request: RateLimitRequest,
  timeoutMs: number,
): Promise<RateLimitResponse> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      (message: RateLimitRequest) => Buffer.from(RateLimitRequest.encode(message).finish()),
      (bytes: Buffer) => RateLimitResponse.decode(bytes),
      request,
      { deadline: Date.now() + timeoutMs },
      (error, answer) => (answer === undefined ? reject(error) : resolve(answer)),
    );
  });
}

/** One line for each descriptor, and the verdict on a line of its own when there are several. */
function asText(answer: RateLimitResponse, descriptors: readonly (readonly Entry[])[]): string {
  const lines = answer.statuses.map(
    (status, i) => `${statusText(status)}  (${formatEntries(descriptors[i] ?? [])})`,
  );
  if (lines.length > 1 || answer.overallCode !== answer.statuses[0]?.code) {
    lines.push(`${nameOf(Code, answer.overallCode)} overall`);
  }
  return `${lines.join("\n")}\n`;
}

function statusText(status: DescriptorStatus): string {
  const code = nameOf(Code, status.code).padEnd("OVER_LIMIT".length);
  const { currentLimit: limit } = status;
  if (limit === undefined) {
    return `${code}  ${status.limitRemaining > 0 ? "unlimited" : "no limit applies"}`;
  }
  const name = limit.name === "" ? "" : ` by «${limit.name}»`;
  const unit = nameOf(Unit, limit.unit).toLowerCase();
  const reset = status.durationUntilReset?.seconds ?? 0;
  return `${code}  ${status.limitRemaining} of ${limit.requestsPerUnit} per ${unit} left${name}, new window in ${reset} s`;
}

function asJson(answer: RateLimitResponse): string {
  const statuses = answer.statuses.map(
    ({ code, currentLimit, limitRemaining, durationUntilReset }) => ({
      code: nameOf(Code, code),
      limit: currentLimit && { ...currentLimit, unit: nameOf(Unit, currentLimit.unit) },
      remaining: limitRemaining,
      resetSeconds: durationUntilReset?.seconds,
    }),
  );
  return `${JSON.stringify({
    overallCode: nameOf(Code, answer.overallCode),
    statuses,
    responseHeadersToAdd: answer.responseHeadersToAdd.map(({ key, value }) => ({ key, value })),
    dynamicMetadata: answer.dynamicMetadata,
  })}\n`;
}

/** The name of a protobuf enum's number, as in the proto. */
function nameOf(names: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(names).find((name) => names[name] === value) ?? String(value);
}
