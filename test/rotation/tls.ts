/**
 * A hundred certificate changes under load, against the built service: both engines, one process and two. No call may fail, and new
 * connections must see each certificate.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Authority } from "../support/certificates.ts";
import { SecretMount } from "../support/pem-directory.ts";
import { startRedis } from "../support/redis.ts";
import { askOnce } from "../support/tls-client.ts";
import { rotate } from "../support/tls-rotation.ts";
import { startGate } from "../support/velocitygate.ts";

const changes = 100;
const rules = {
  "rules.yaml":
    "domain: d\ndescriptors:\n  - key: k\n    rate_limit: {unit: day, requests_per_unit: 1000000}\n",
};

/** @returns whether all went well */
async function run(engine: string, workers: number): Promise<boolean> {
  const authority = new Authority();
  const directory = mkdtempSync(join(tmpdir(), "velocitygate-rotation-"));
  const mount = new SecretMount(directory, { ...authority.issue(), ca: authority.cert });
  const redis = await startRedis();
  const gate = await startGate({
    rules,
    settings: {
      GRPC_ENGINE: engine,
      WORKERS: `${workers}`,
      BACKEND_TYPE: "redis",
      REDIS_URL: `${redis.address.host}:${redis.address.port}`,
      GRPC_SERVER_USE_TLS: "true",
      GRPC_SERVER_TLS_CERT: mount.files.cert.path,
      GRPC_SERVER_TLS_KEY: mount.files.key.path,
      GRPC_CLIENT_TLS_CACERT: mount.files.ca.path,
    },
  });
  try {
    const startedMs = performance.now();
    const { calls, connections, failures } = await rotate({
      port: gate.grpcPort,
      mount,
      authority,
      changes,
      ask: (client) => askOnce(client),
    });
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    process.stdout.write(
      `${engine}, WORKERS=${workers}: ${changes} changes in ${seconds} s, ${calls} calls, ${connections} new connections, ${failures.length} failures\n`,
    );
    if (failures.length > 0) process.stdout.write(`${failures.join("\n")}\n${gate.log}\n`);
    return failures.length === 0;
  } finally {
    await gate.stop();
    await redis.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

let isGood = true;
for (const engine of ["h2", "grpc-js"]) {
  for (const workers of [1, 2]) isGood = (await run(engine, workers)) && isGood;
}
process.exitCode = isGood ? 0 : 1;
