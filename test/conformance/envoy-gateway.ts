/**
 * `npm run xds:envoy-gateway`: the whole service with Envoy Gateway's own binary, which translates policies, serves them by xDS over mTLS,
 * and is restarted. It needs Go, root, and, the first time, some minutes to build. Both run in a network of their own, where nothing
 * but they can be reached.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checks } from "./envoy-gateway/checks.ts";
import { startStage } from "./envoy-gateway/stage.ts";

const root = join(import.meta.dirname, "../..");
const folder = join(root, ".tools/envoy-gateway");
const binary = join(folder, "envoy-gateway");
const source = "github.com/envoyproxy/gateway/cmd/envoy-gateway@v1.9.0";

function build(): boolean {
  process.stdout.write(`building ${source}, which takes some minutes\n`);
  const { status, error } = spawnSync("nice", ["-n", "19", "go", "install", source], {
    env: { ...process.env, GOBIN: folder },
    stdio: "inherit",
  });
  if (status !== 0) process.stderr.write(`it cannot be built: ${error?.message ?? status}\n`);
  return status === 0;
}

/** Runs this file again in namespaces of its own, with the names that Envoy Gateway's deployment uses. */
function isolate(): number {
  const hosts = join(mkdtempSync(join(tmpdir(), "velocitygate-hosts-")), "hosts");
  writeFileSync(hosts, "127.0.0.1 localhost envoy-gateway\n");
  const script = 'ip link set lo up && mount --bind "$1" /etc/hosts && shift && exec "$@"';
  const { status } = spawnSync(
    "unshare",
    [
      ...["--net", "--mount", "sh", "-c", script, "sh", hosts],
      ...[process.execPath, "--import", join(root, "bench/typescript.js")],
      ...[import.meta.filename, "--inside"],
    ],
    { stdio: "inherit" },
  );
  return status ?? 1;
}

async function runChecks(): Promise<number> {
  const workspace = mkdtempSync(join(tmpdir(), "velocitygate-envoy-gateway-"));
  const stage = await startStage(binary, workspace);
  let failures = 0;
  try {
    for (const [name, check] of checks) {
      const outcome = await check(stage).then(
        (remark) => `  ok    ${name}${remark === undefined ? "" : `: ${remark}`}`,
        (error: Error) => {
          failures += 1;
          return `  FAILS ${name}: ${error.message}`;
        },
      );
      process.stdout.write(`${outcome}\n`);
    }
    if (failures > 0) process.stdout.write(stage.gate.log);
  } finally {
    await stage.stop();
    rmSync(workspace, { recursive: true, force: true });
  }
  return failures === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  if (process.argv.includes("--inside")) return runChecks();
  return existsSync(binary) || build() ? isolate() : 1;
}

process.exitCode = await main();
