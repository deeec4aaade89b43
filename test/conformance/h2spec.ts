/**
 * `npm run h2spec`: the conformance suite h2spec against the h2 engine, in the clear and over TLS. It is built with Go when it is not
 * there; where there is no Go, the cases of test/integration/grpc-h2 say the same.
 */

import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { GrpcServer } from "../../src/grpc/engine.ts";
import { startH2 } from "../../src/grpc/h2/server.ts";
import { serverTls } from "../support/tls-material.ts";

const root = join(import.meta.dirname, "../..");
const folder = join(root, ".tools/h2spec");
const binary = join(folder, "h2spec");
const source = "github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible";

async function main(): Promise<number> {
  if (!existsSync(binary) && !build()) return 1;
  const isOk = (await run("in the clear", [])) && (await run("over TLS", ["--tls", "--insecure"]));
  return isOk ? 0 : 1;
}

function build(): boolean {
  process.stdout.write(`building ${source}\n`);
  const { status, error } = spawnSync("go", ["install", source], {
    env: { ...process.env, GOBIN: folder },
    stdio: "inherit",
  });
  if (status === 0) return true;
  const reason = error === undefined ? `go ended with ${status}` : error.message;
  process.stderr.write(`h2spec cannot be built: ${reason}. It needs Go 1.20 or later on PATH.\n`);
  return false;
}

/** Runs all cases, the strict ones as well; a case that is skipped counts as one that failed. */
async function run(how: string, flags: readonly string[]): Promise<boolean> {
  const server = await start(flags.length > 0);
  const address = ["--host", "127.0.0.1", "--port", String(server.port)];
  const child = spawn(binary, ["--strict", ...address, ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  await server.close();
  const summary = /(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed/.exec(text);
  const isOk = status === 0 && summary !== null && summary[1] === summary[2];
  if (!isOk) process.stdout.write(text);
  process.stdout.write(`${how}: ${summary?.[0] ?? "h2spec did not finish"}\n`);
  return isOk;
}

function start(isTls: boolean): Promise<GrpcServer> {
  return startH2(
    { unary: new Map(), stream: new Map() },
    { host: "127.0.0.1", port: 0 },
    {
      messageBytesMax: 4 * 2 ** 20,
      connectionAgeMaxMs: 3_600_000,
      connectionAgeGraceMs: 1000,
      concurrentStreamsMax: 100,
      onError: (error) => process.stderr.write(`${String(error)}\n`),
      tls: isTls ? serverTls() : undefined,
    },
  );
}

process.exitCode = await main();
