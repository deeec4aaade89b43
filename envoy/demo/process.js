/**
 * Processes of the demo and of the tests: each is waited for, keeps the end of what it printed for the day it fails, and is stopped
 * by whoever started it.
 */
import { spawn } from "node:child_process";
import { request } from "node:http";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const logCharsMax = 64 * 1024;
const pollMs = 25;
const running = new Set();

// Whatever ends this process, nothing that it started stays behind.
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export function launch(name, command, args, options = {}) {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      log = (log + text).slice(-logCharsMax);
    });
  }
  let end;
  const exited = new Promise((resolve) => {
    child.on("error", (error) => resolve({ code: null, signal: null, error }));
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
  void exited.then((how) => {
    running.delete(child);
    end = how;
  });

  async function until(state, timeoutMs, holds) {
    const deadline = Date.now() + timeoutMs;
    while (!(await holds())) {
      if (end !== undefined) {
        const { code, signal, error } = end;
        throw new Error(
          `${name} ended (${error ?? signal ?? code}) before it was ${state}\n${log}`,
        );
      }
      if (Date.now() > deadline) {
        await stop();
        throw new Error(`${name} was not ${state} within ${timeoutMs} ms\n${log}`);
      }
      await sleep(pollMs);
    }
  }

  async function stop(graceMs = 15_000) {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
    const how = await exited;
    clearTimeout(timer);
    return how;
  }

  return { child, exited, until, stop, log: () => log };
}

export function ask(port, path, method = "GET") {
  return new Promise((resolve) => {
    const call = request({ host: "127.0.0.1", port, path, method, timeout: 2000 }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text) => {
        body += text;
      });
      response.on("end", () => resolve(response.statusCode === 200 ? body : undefined));
      response.on("error", () => resolve(undefined));
    });
    call.on("timeout", () => call.destroy());
    call.on("error", () => resolve(undefined));
    call.end();
  });
}

export async function freePorts(count) {
  const servers = await Promise.all(Array.from({ length: count }, listenAnywhere));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

function listenAnywhere() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}
