import { parseArgs } from "node:util";
import { VelocityGateError } from "../errors.ts";
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../gen/grpc/health/v1/health.ts";
import { readSettings } from "../settings.ts";
import { type Command, UsageError } from "./command.ts";
import {
  type GrpcTarget,
  openTarget,
  reasonOf,
  targetOptions,
  targetUsage,
  timeoutOf,
} from "./grpc-target.ts";
import { askHttpHealth } from "./http-health.ts";

const path = "/grpc.health.v1.Health/Check";

/** `velocitygate healthcheck`: is the service well? */
export const healthcheck: Command = {
  usage: `usage: velocitygate healthcheck [options]

Asks the service how it is: over HTTP at HOST and PORT of the environment, as the image's HEALTHCHECK does; or with --grpc, as a probe
of Kubernetes where the port speaks TLS, which its own gRPC probes do not.

  --grpc                     asks grpc.health.v1; each of the following options means it, but --timeout
  --service NAME             what is asked for (default ratelimit)
${targetUsage}
Exit code: 0 well; 1 not, or no answer; 2 not understood.
`,
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { values, tokens } = parseArgs({
    args: [...args],
    options: {
      ...targetOptions,
      grpc: { type: "boolean", default: false },
      service: { type: "string", default: "ratelimit" },
    },
    tokens: true,
  });
  const asksGrpc = tokens.some((token) => token.kind === "option" && token.name !== "timeout");
  try {
    if (asksGrpc) await askGrpcHealth(openTarget(values), values.service);
    else await askHttpHealth(readSettings().http, timeoutOf(values));
    return 0;
  } catch (error) {
    if (error instanceof UsageError || error instanceof VelocityGateError) throw error;
    process.stderr.write(`unhealthy: ${reasonOf(error)}\n`);
    return 1;
  }
}

/** @throws Error (rejects) that says what it answered instead of SERVING, or why it did not answer */
async function askGrpcHealth({ client, timeoutMs }: GrpcTarget, service: string): Promise<void> {
  try {
    const status = await new Promise<number>((resolve, reject) => {
      client.makeUnaryRequest(
        path,
        (message: HealthCheckRequest) => Buffer.from(HealthCheckRequest.encode(message).finish()),
        (bytes: Buffer) => HealthCheckResponse.decode(bytes),
        { service },
        { deadline: Date.now() + timeoutMs },
        (error, answer) => (answer === undefined ? reject(error) : resolve(answer.status)),
      );
    });
    if (status === ServingStatus.SERVING) return;
    const name = Object.entries(ServingStatus).find(([, number]) => number === status)?.[0];
    throw new Error(`«${service}» is ${name ?? status}`);
  } finally {
    client.close();
  }
}
