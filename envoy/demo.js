/**
 * `npm run demo`: a real Envoy asks VelocityGate about every request, on free ports of this machine. On a terminal it goes on
 * running until Ctrl-C, for trying things out; with --once, or when the output goes elsewhere, it ends after the show.
 */
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { envoyConfig, withPatience } from "./demo/config.js";
import { startEnvoy, startVelocityGate } from "./demo/launch.js";
import { outage, scenes } from "./demo/scenes.js";

/** All scenes fit into the window of a minute when this much of it is left. */
const showSeconds = 20;
const stops = [];
let isCurlMissing = false;

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => void stopAll().then(() => process.exit(0)));
}

try {
  await run();
} catch (error) {
  process.stderr.write(`\n${error.message}\n`);
  process.exitCode = 1;
  await stopAll();
}

async function run() {
  const { envoy, gate, settings } = await startEverything();
  await roomInMinute();
  const shown = [];
  for (const scene of scenes) shown.push(await show(scene, envoy.port));
  await gate.stop();
  for (const scene of outage) shown.push(await show(scene, envoy.port));
  const again = await startVelocityGate(settings);
  stops.push(() => again.stop());

  summarise(shown);
  const surprises = shown.filter(({ scene, statuses }) => `${scene.expected}` !== `${statuses}`);
  if (surprises.length > 0) {
    throw new Error(`Not as expected: ${surprises.map(({ scene }) => scene.title).join("; ")}`);
  }
  if (process.stdout.isTTY && !process.argv.includes("--once")) return invite(envoy.port, again);
  await stopAll();
}

async function startEverything() {
  say("Starting VelocityGate, an upstream and Envoy …");
  const settings = {
    RUNTIME_ROOT: fileURLToPath(new URL(".", import.meta.url)),
    RUNTIME_APPDIRECTORY: "rules",
    RUNTIME_WATCH_ROOT: "false",
    BACKEND_TYPE: "memory",
  };
  const gate = await startVelocityGate(settings);
  stops.push(() => gate.stop());
  const upstream = createServer((_request, response) => response.end("hello from the upstream\n"));
  // Node closes idle connections after 5 s, and Envoy may be about to use one.
  upstream.keepAliveTimeout = 600_000;
  await new Promise((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  stops.push(() => {
    upstream.close();
    upstream.closeAllConnections();
  });
  const at = (port) => ({ host: "127.0.0.1", port });
  const addresses = {
    listener: at(0),
    admin: at(0),
    velocitygate: [at(gate.grpcPort)],
    upstream: at(upstream.address().port),
  };
  // Whatever else this machine does meanwhile, the show is about limits, not about deadlines.
  const envoy = await startEnvoy(envoyConfig(addresses, withPatience));
  stops.push(() => envoy.stop());
  say(`
  Envoy         127.0.0.1:${envoy.port}   envoy/envoy.yaml with longer deadlines; admin on port ${envoy.adminPort}
  VelocityGate  127.0.0.1:${gate.grpcPort}   gRPC; rules in envoy/rules, counters in memory
  upstream      127.0.0.1:${upstream.address().port}   answers 200 to whatever gets through`);
  const { httpPort, grpcPort, debugPort } = gate;
  const ports = { PORT: `${httpPort}`, GRPC_PORT: `${grpcPort}`, DEBUG_PORT: `${debugPort}` };
  return { envoy, gate, settings: { ...settings, ...ports } };
}

async function roomInMinute() {
  const left = 60 - (Math.floor(Date.now() / 1000) % 60);
  if (left >= showSeconds) return;
  say(`\nLimits of a minute begin anew with the minute: waiting ${left} s for it.`);
  await delay(left * 1000);
}

async function show(scene, port) {
  say(`\n${scene.title}${scene.rules ? ` (envoy/rules/${scene.rules})` : ""}`);
  const statuses = [];
  for (const request of scene.requests) {
    say(`  $ ${commandLine(request, port)}`);
    const { status, headers } = await send(request, port);
    statuses.push(status);
    say(`    ${status} ${describe(headers)}`);
  }
  return { scene, statuses };
}

function commandLine({ path, headers = {} }, port) {
  const options = Object.entries(headers).map(([name, value]) => `-H '${name}: ${value}' `);
  return `curl -i ${options.join("")}'http://127.0.0.1:${port}${path}'`;
}

/** Sends it with curl, as printed, or without when there is no curl. */
async function send({ path, headers = {} }, port) {
  const url = `http://127.0.0.1:${port}${path}`;
  if (!isCurlMissing) {
    try {
      return await sendWithCurl(url, headers);
    } catch (error) {
      if (error.code !== "ENOENT") throw error;
      isCurlMissing = true;
    }
  }
  const response = await fetch(url, { headers });
  await response.arrayBuffer();
  return { status: response.status, headers: Object.fromEntries(response.headers) };
}

function sendWithCurl(url, headers) {
  const options = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const args = ["--silent", "--show-error", "--noproxy", "*", "--max-time", "10", "-i"];
  return new Promise((resolve, reject) => {
    execFile("curl", [...args, ...options, url], (error, stdout) => {
      if (error) reject(error);
      else resolve(parseAnswer(stdout));
    });
  });
}

function parseAnswer(text) {
  const [statusLine, ...lines] = text.split("\r\n\r\n")[0].split("\r\n");
  const headers = lines.map((line) => [
    line.slice(0, line.indexOf(":")).toLowerCase(),
    line.slice(line.indexOf(":") + 1).trim(),
  ]);
  return { status: Number(statusLine.split(" ")[1]), headers: Object.fromEntries(headers) };
}

function describe(headers) {
  const told = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after"];
  return told
    .filter((name) => headers[name] !== undefined)
    .map((name) => `${name}: ${headers[name]}`)
    .join("  ");
}

function summarise(shown) {
  say("\n  passed  denied");
  for (const { scene, statuses } of shown) {
    const passed = statuses.filter((status) => status === 200).length;
    const denied = statuses.length - passed;
    say(`  ${`${passed}`.padStart(6)}  ${`${denied}`.padStart(6)}  ${scene.title}`);
  }
}

function invite(port, gate) {
  say(`
It goes on running until Ctrl-C. To paste, in another terminal:

  for i in 1 2 3; do curl -i -H 'x-user: you' http://127.0.0.1:${port}/login; done
  npx velocitygate ask --address 127.0.0.1:${gate.grpcPort} --domain login user=me --times 3
  curl -s http://127.0.0.1:${gate.debugPort}/rlconfig
  curl -s http://127.0.0.1:${gate.httpPort}/metrics | grep over_limit

The rules are read again when you change a file in envoy/rules.`);
}

async function stopAll() {
  for (const stop of stops.splice(0).reverse()) await stop();
}

function say(text) {
  process.stdout.write(`${text}\n`);
}
