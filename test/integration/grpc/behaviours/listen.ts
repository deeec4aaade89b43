import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, expect, test } from "@jest/globals";
import type { UnaryHandler } from "../../../../src/grpc/engine.ts";
import { type Harness, unaryPath } from "../harness.ts";

const unary: UnaryHandler = (request) => request;

export function listenBehaviours(harness: Harness): void {
  tcp(harness);
  unix(harness);
}

function tcp(harness: Harness): void {
  test("port 0 picks a free port and says which", async () => {
    const first = await harness.serve({ unary });
    const second = await harness.serve({ unary });
    expect(first.port).toBeGreaterThan(0);
    expect(second.port).not.toBe(first.port);
  });

  test("a busy port is refused with its address and the reason", async () => {
    const { port } = await harness.serve({ unary });
    const address = { host: "127.0.0.1", port: port ?? 0 };
    await expect(harness.serve({ unary, address })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port} (GRPC_HOST, GRPC_PORT): another process listens there (EADDRINUSE)`,
    );
  });

  test("an address of another machine is refused with the reason", async () => {
    const address = { host: "192.0.2.1", port: 0 };
    await expect(harness.serve({ unary, address })).rejects.toThrow(
      "cannot listen on 192.0.2.1:0 (GRPC_HOST, GRPC_PORT): this machine has no such address (EADDRNOTAVAIL)",
    );
  });

  test("a port is free again after a close", async () => {
    const first = await harness.serve({ unary });
    await harness.client(first).ask(unaryPath, Buffer.of(1));
    await first.close();
    const address = { host: "127.0.0.1", port: first.port ?? 0 };
    const second = await harness.serve({ unary, address });
    expect(await harness.client(second).ask(unaryPath, Buffer.of(2))).toEqual(Buffer.of(2));
  });
}

function unix(harness: Harness): void {
  const folders: string[] = [];
  const newSocketPath = async () => {
    const folder = await mkdtemp(join(tmpdir(), "velocitygate-"));
    folders.push(folder);
    return join(folder, "grpc.sock");
  };
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
  });

  test("a Unix socket is served, has no port and is gone after a drain", async () => {
    const socketPath = await newSocketPath();
    const server = await harness.serve({ unary, address: { socketPath } });
    expect(server.port).toBeUndefined();
    const client = harness.client(`unix:${socketPath}`);
    expect(await client.ask(unaryPath, Buffer.of(1))).toEqual(Buffer.of(1));
    await server.drain(1000);
    expect(existsSync(socketPath)).toBe(false);
  });

  test("a socket that another process serves is refused with its path and the reason", async () => {
    const socketPath = await newSocketPath();
    await harness.serve({ unary, address: { socketPath } });
    await expect(harness.serve({ unary, address: { socketPath } })).rejects.toThrow(
      `cannot listen on unix:${socketPath} (GRPC_UDS): another process listens there (EADDRINUSE)`,
    );
    const client = harness.client(`unix:${socketPath}`);
    expect(await client.ask(unaryPath, Buffer.of(1))).toEqual(Buffer.of(1));
  });

  test("a socket file that a killed process left behind is replaced", async () => {
    const socketPath = await newSocketPath();
    const script = `
      require("node:net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"));
    `;
    await promisify(execFile)(process.execPath, ["-e", script, socketPath]).catch(() => {});
    expect(existsSync(socketPath)).toBe(true);
    await harness.serve({ unary, address: { socketPath } });
    const client = harness.client(`unix:${socketPath}`);
    expect(await client.ask(unaryPath, Buffer.of(1))).toEqual(Buffer.of(1));
  });

  test("a socket in a folder that does not exist is refused with its path", async () => {
    const socketPath = join(await newSocketPath(), "deeper.sock");
    await expect(harness.serve({ unary, address: { socketPath } })).rejects.toThrow(
      `cannot listen on unix:${socketPath} (GRPC_UDS): permission denied, or no such folder (EACCES)`,
    );
  });
}
