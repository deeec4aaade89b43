import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { envoy as envoyServer, executableOf } from "../../.ci/setup/test-servers.js";
import { ask, freePorts, launch } from "./process.js";

const repositoryPath = fileURLToPath(new URL("../..", import.meta.url));

export async function startEnvoy(config, { concurrency = 2, timeoutMs = 30_000 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "velocitygate-envoy-"));
  const adminFile = join(folder, "admin");
  const envoy = launch("Envoy", executableOf(envoyServer), [
    ...["--config-yaml", config, "--concurrency", `${concurrency}`],
    ...["--admin-address-path", adminFile, "--log-level", "warning"],
    // Several run at once, and none hands over to another.
    "--disable-hot-restart",
  ]);
  void envoy.exited.then(() => rmSync(folder, { recursive: true, force: true }));

  let adminPort = 0;
  await envoy.until("ready", timeoutMs, async () => {
    if (!existsSync(adminFile)) return false;
    adminPort = Number(readFileSync(adminFile, "utf8").split(":").at(-1));
    return (await ask(adminPort, "/ready")) === "LIVE\n";
  });
  const listeners = JSON.parse(await ask(adminPort, "/listeners?format=json"));
  const port = listeners.listener_statuses[0].local_address.socket_address.port_value;
  return { ...envoy, port, adminPort };
}

export async function startVelocityGate(settings = {}, { timeoutMs = 30_000 } = {}) {
  const [httpPort, grpcPort, debugPort] = await freePorts(3);
  const env = {
    HOST: "127.0.0.1",
    GRPC_HOST: "127.0.0.1",
    DEBUG_HOST: "127.0.0.1",
    PORT: `${httpPort}`,
    GRPC_PORT: `${grpcPort}`,
    DEBUG_PORT: `${debugPort}`,
    ...settings,
  };
  const main = join(repositoryPath, "dist/main.js");
  const args = ["--enable-source-maps", main];
  const gate = launch("VelocityGate", process.execPath, args, { env });
  const ports = {
    httpPort: Number(env.PORT),
    grpcPort: Number(env.GRPC_PORT),
    debugPort: Number(env.DEBUG_PORT),
  };
  await gate.until("healthy", timeoutMs, async () => {
    return (await ask(ports.httpPort, "/healthcheck")) === "OK";
  });
  return { ...gate, ...ports };
}
