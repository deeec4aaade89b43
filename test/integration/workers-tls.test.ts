import { expect, jest, test } from "@jest/globals";
import { Authority } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { sampleValue } from "../support/parse-exposition.ts";
import { SecretMount } from "../support/pem-directory.ts";
import { freePort } from "../support/ports.ts";
import { startRedis } from "../support/redis.ts";
import { temporaryDirectory } from "../support/rule-directory.ts";
import { askOnce, trusting, tryOnce } from "../support/tls-client.ts";
import { rotate } from "../support/tls-rotation.ts";
import { bothListen, cleanUp, killWorker, metricsOf, startTwo } from "../support/workers.ts";

// Several processes are started in each.
jest.setTimeout(120_000);

const authority = new Authority();
const issue = () => ({ ...authority.issue(), ca: authority.cert });

/** Two workers that serve TLS to clients with certificates of the authority. */
async function startTls(settings: Readonly<Record<string, string>> = {}) {
  const mount = new SecretMount(temporaryDirectory(), issue());
  const { cert, key, ca } = mount.files;
  const gate = await startTwo({
    GRPC_SERVER_USE_TLS: "true",
    GRPC_SERVER_TLS_CERT: cert.path,
    GRPC_SERVER_TLS_KEY: key.path,
    GRPC_CLIENT_TLS_CACERT: ca.path,
    ...settings,
  });
  return { gate, mount };
}

const linesWith = (log: string, text: string) =>
  log.split("\n").filter((line) => line.includes(text));

test("two workers: certificates change under load, no call fails, and both have each of them", async () => {
  const { gate, mount } = await startTls();
  const changes = 10;
  const { calls, failures } = await rotate({
    port: gate.grpcPort,
    mount,
    authority,
    changes,
    ask: (client) => askOnce(client),
  });
  expect(failures).toEqual([]);
  expect(calls).toBeGreaterThan(changes);
  // Each is told once, by the process that reads the files.
  expect(linesWith(gate.log, "new TLS files are in force")).toHaveLength(changes);
  const labels = { use: "grpc", outcome: "loaded" };
  const metrics = await metricsOf(gate);
  expect(sampleValue(metrics, "velocitygate_tls_reloads_total", labels)).toBe(changes);
});

test("a worker that starts while the files are not good has what the others have", async () => {
  const { gate, mount } = await startTls();
  const trust = trusting(authority, authority.issue());
  mount.swap({ ...issue(), key: issue().key });
  await eventually(() => expect(linesWith(gate.log, "those from before stay")).toHaveLength(1));
  for (const worker of [1, 2]) await killWorker(gate, worker);
  await eventually(async () => expect(await tryOnce(gate.grpcPort, trust)).toBe("served"));
  await bothListen(gate);
  for (let i = 0; i < 6; i++) expect(await tryOnce(gate.grpcPort, trust)).toBe("served");
  expect(linesWith(gate.log, "those from before stay")).toHaveLength(1);

  // Both of them refuse.
  for (let i = 0; i < 6; i++) {
    expect(await tryOnce(gate.grpcPort, trusting(authority))).not.toBe("served");
  }
  const refused = { reason: "no_certificate" };
  const metrics = await metricsOf(gate);
  expect(sampleValue(metrics, "velocitygate_grpc_tls_refusals_total", refused)).toBe(6);
});

test("workers reach a Redis that asks for certificates", async () => {
  const port = await freePort();
  const { directory, files } = new SecretMount(temporaryDirectory(), issue(), "REDIS");
  const redis = await startRedis({
    config: [
      `tls-port ${port}`,
      `tls-cert-file ${files.cert.path}`,
      `tls-key-file ${files.key.path}`,
      `tls-ca-cert-file ${files.ca.path}`,
      "tls-auth-clients yes",
    ],
  });
  cleanUp(() => redis.stop());
  const { gate } = await startTls({
    REDIS_URL: `rediss://localhost:${port}`,
    REDIS_TLS_CACERT: `${directory}/ca.crt`,
    REDIS_TLS_CLIENT_CERT: `${directory}/tls.crt`,
    REDIS_TLS_CLIENT_KEY: `${directory}/tls.key`,
  });
  const trust = trusting(authority, authority.issue());
  for (let i = 0; i < 4; i++) expect(await tryOnce(gate.grpcPort, trust)).toBe("served");
  expect(await redis.ask("DBSIZE")).toBe(1);
});
