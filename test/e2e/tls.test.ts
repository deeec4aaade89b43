import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, jest, test } from "@jest/globals";
import { parse } from "yaml";
import { type EnvoyConfig, withPatience } from "../../envoy/demo/config.js";
import { Authority } from "../support/certificates.ts";
import { cleanupAfterEach } from "../support/cleanup.ts";
import { startEnvoy } from "../support/envoy.ts";
import { eventually } from "../support/eventually.ts";
import { get } from "../support/http-client.ts";
import { SecretMount } from "../support/pem-directory.ts";
import { temporaryDirectory } from "../support/rule-directory.ts";
import { startUpstream } from "../support/upstream.ts";
import { startGate } from "../support/velocitygate.ts";
import { roomInMinute } from "../support/window.ts";

jest.setTimeout(120_000);

const cleanup = cleanupAfterEach();
const serviceName = "velocitygate.gateway.svc.cluster.local";
const identity = "spiffe://cluster.local/ns/gateway/sa/envoy";

/** What docs/tls.md says of Envoy, with the files of this directory. */
function documentedTransportSocket(directory: string): object {
  const document = readFileSync(join(import.meta.dirname, "../../docs/tls.md"), "utf8");
  const block = /```yaml\n(transport_socket:[\s\S]*?)```/.exec(document)?.[1] ?? "";
  return parse(block.replaceAll("/certs/", `${directory}/`)) as object;
}

/** Files that Envoy reads. */
function envoyFiles(authority: Authority): string {
  const directory = temporaryDirectory();
  const { cert, key } = authority.issue({ names: [identity] });
  writeFileSync(join(directory, "tls.crt"), cert);
  writeFileSync(join(directory, "tls.key"), key);
  writeFileSync(join(directory, "ca.crt"), authority.cert);
  return directory;
}

test("Envoy shows its certificate and is served, through changes of the service's; without a CA that is trusted it is not", async () => {
  const authority = new Authority();
  const issue = () => ({ ...authority.issue({ names: [serviceName] }), ca: authority.cert });
  const mount = new SecretMount(temporaryDirectory(), issue());
  const gate = await cleanup.add(
    startGate({
      settings: {
        GRPC_SERVER_USE_TLS: "true",
        GRPC_SERVER_TLS_CERT: mount.files.cert.path,
        GRPC_SERVER_TLS_KEY: mount.files.key.path,
        GRPC_CLIENT_TLS_CACERT: mount.files.ca.path,
        GRPC_CLIENT_TLS_SAN: identity,
        LOG_LEVEL: "info",
      },
    }),
  );
  const socket = documentedTransportSocket(envoyFiles(authority));
  const change = (config: EnvoyConfig) => {
    withPatience(config);
    for (const cluster of config.static_resources.clusters) {
      if (cluster.name === "velocitygate") Object.assign(cluster, socket);
    }
  };
  const upstream = await cleanup.add(startUpstream());
  const envoy = await cleanup.add(startEnvoy({ gates: [gate], upstream, change }));
  let users = 0;
  /** On a route that is closed when the service cannot be asked. Each user may twice a minute. */
  const login = async () => {
    users += 1;
    return (await get(envoy.port, "/login", { headers: { "x-user": `user-${users}` } })).status;
  };
  await roomInMinute(15);
  expect(await login()).toBe(200);

  // Connections that stand go on, whatever new ones would be.
  const nobody = new Authority("Nobody's CA");
  for (const texts of [issue(), issue(), { ...issue(), ca: nobody.cert }]) {
    const told = gate.log.split("new TLS files are in force").length;
    mount.swap(texts);
    await eventually(() => gate.log.split("new TLS files are in force").length > told);
    expect(await login()).toBe(200);
  }

  // A new connection is refused, and its reason told.
  await gate.kill();
  await gate.start();
  await eventually(async () => (await login()) === 503, { timeoutMs: 20_000 });
  await eventually(() => expect(gate.log).toMatch(/was refused: its certificate \(URI:spiffe:/), {
    timeoutMs: 20_000,
  });
  mount.swap(issue());
  await eventually(async () => (await envoy.healthyGates()) === 1, { timeoutMs: 20_000 });
  await eventually(async () => (await login()) === 200, { timeoutMs: 20_000 });
});
