/** `npm run grpc-go`: grpc-go's client against the h2 engine, in the clear and over TLS. It needs Go. */

import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Methods, StreamHandler, UnaryHandler } from "../../src/grpc/engine.ts";
import { startH2 } from "../../src/grpc/h2/server.ts";
import { healthMethods } from "../../src/grpc/health.ts";
import { mergeMethods } from "../../src/grpc/methods.ts";
import { reflectionMethods } from "../../src/grpc/reflection.ts";
import { GrpcError, Status } from "../../src/grpc/status.ts";
import { Health } from "../../src/health.ts";
import { serverTls } from "../support/tls-material.ts";

const root = join(import.meta.dirname, "../..");
const binary = join(root, ".tools/grpc-go/client");
const certificates = join(root, "test/support/tls");

function testMethods(health: Health): Methods {
  const unary: Record<string, UnaryHandler> = {
    Echo: (request) => request,
    Never: () => new Promise(() => {}),
    Fails: () => {
      throw new GrpcError(Status.FAILED_PRECONDITION, "grün 100 % 🚦\n");
    },
    Metadata: (_request, call) =>
      Buffer.from(`${call.header("x-name")} ${call.header("x-trace-bin")}`),
    Toggle: () => {
      health.set("test", !health.isServing);
      return Buffer.alloc(0);
    },
  };
  const echoAll: StreamHandler = (call) => ({
    onMessage: (message) => {
      call.write(message);
    },
    onHalfClose: () => call.end(),
  });
  return {
    unary: new Map(Object.entries(unary).map(([name, each]) => [`/test.Service/${name}`, each])),
    stream: new Map([["/test.Service/Stream", echoAll]]),
  };
}

async function run(isTls: boolean): Promise<boolean> {
  const health = new Health(["test"]);
  health.set("test", true);
  const standard = healthMethods(health);
  const server = await startH2(
    mergeMethods(testMethods(health), standard, reflectionMethods(standard)),
    { host: "127.0.0.1", port: 0 },
    {
      messageBytesMax: 4 * 2 ** 20,
      connectionAgeMaxMs: 3_600_000,
      connectionAgeGraceMs: 1000,
      concurrentStreamsMax: 200,
      onError: (error, path) => process.stderr.write(`${path}: ${String(error)}\n`),
      tls: isTls ? serverTls() : undefined,
    },
  );
  process.stdout.write(isTls ? "over TLS\n" : "in the clear\n");
  const options = isTls ? [join(certificates, "ca.crt")] : [];
  const client = spawn(binary, [`127.0.0.1:${server.port}`, ...options], { stdio: "inherit" });
  const status = await new Promise<number | null>((resolve) => client.once("close", resolve));
  await server.close();
  return status === 0;
}

async function main(): Promise<number> {
  const build = spawnSync("go", ["build", "-o", binary, "."], {
    cwd: join(import.meta.dirname, "grpc-go"),
    stdio: "inherit",
  });
  if (build.status !== 0) {
    process.stderr.write(`the client cannot be built: ${build.error?.message ?? build.status}\n`);
    return 1;
  }
  return (await run(false)) && (await run(true)) ? 0 : 1;
}

process.exitCode = await main();
