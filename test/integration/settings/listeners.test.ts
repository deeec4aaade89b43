import { connect as connectHttp2 } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { expect, jest, test } from "@jest/globals";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { eventually } from "../../support/eventually.ts";
import { GrpcClient } from "../../support/grpc-client.ts";
import { freePorts } from "../../support/ports.ts";
import { type AppOptions, type RunningApp, startInProcess } from "../../support/running-app.ts";

// Each starts services, on machines that may be busy.
jest.setTimeout(30_000);

const cleanup = cleanupAfterEach();
const start = (settings: AppOptions["settings"]): Promise<RunningApp> =>
  cleanup.add(startInProcess({ settings: settings ?? {} }));

/** All of 127.0.0.0/8 is this machine, so each address tells whether it is the one that was bound. */
async function answers(host: string, port: number, path: string): Promise<boolean> {
  const text = await fetch(`http://${host}:${port}${path}`, {
    signal: AbortSignal.timeout(5_000),
  }).then(
    (answer) => answer.text(),
    () => undefined,
  );
  return text !== undefined;
}

test("HTTP, debug and gRPC listen where HOST, PORT, DEBUG_HOST, DEBUG_PORT, GRPC_HOST and GRPC_PORT say", async () => {
  const [http = 0, debug = 0, grpc = 0] = await freePorts(3);
  const app = await start({
    HOST: "127.0.0.2",
    PORT: `${http}`,
    DEBUG_HOST: "127.0.0.3",
    DEBUG_PORT: `${debug}`,
    GRPC_HOST: "127.0.0.4",
    GRPC_PORT: `${grpc}`,
  });
  expect((await app.ask("k=v")).overallCode).toBe(1);
  expect(app.app).toMatchObject({ httpPort: http, debugPort: debug, grpcPort: grpc });
  expect(await answers("127.0.0.2", http, "/healthcheck")).toBe(true);
  expect(await answers("127.0.0.3", debug, "/rlconfig")).toBe(true);
  expect(await answers("127.0.0.1", http, "/healthcheck")).toBe(false);
  expect(await answers("127.0.0.1", debug, "/rlconfig")).toBe(false);
  const elsewhere = new GrpcClient(`127.0.0.1:${grpc}`);
  await expect(
    elsewhere.ask("/grpc.health.v1.Health/Check", Buffer.alloc(0), {
      deadlineMs: Date.now() + 5_000,
    }),
  ).rejects.toMatchObject({ code: status.UNAVAILABLE });
  elsewhere.close();
});

test("the debug port is for this machine alone unless DEBUG_HOST says otherwise", async () => {
  const { app } = await start({});
  expect(await answers("127.0.0.1", app.debugPort, "/rlconfig")).toBe(true);
  expect(await answers("127.0.0.2", app.debugPort, "/rlconfig")).toBe(false);
});

test("GRPC_UDS takes the place of the gRPC port", async () => {
  const socket = join(tmpdir(), `velocitygate-${process.pid}.sock`);
  const app = await start({ GRPC_UDS: socket, GRPC_PORT: "1" });
  expect(app.app.grpcPort).toBeUndefined();
  expect((await app.ask("k=v")).overallCode).toBe(1);
});

test.each(["h2", "grpc-js"])(
  "a gRPC message is as long at most as GRPC_MAX_MSG_SIZE_IN_BYTES says, with GRPC_ENGINE=%s",
  async (engine) => {
    const app = await start({ GRPC_ENGINE: engine, GRPC_MAX_MSG_SIZE_IN_BYTES: "1024" });
    expect((await app.ask(`k=${"v".repeat(900)}`)).overallCode).toBe(1);
    await expect(app.ask(`k=${"v".repeat(1024)}`)).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
    });
  },
);

test("a gRPC connection is as old at most as GRPC_MAX_CONNECTION_AGE and its grace say", async () => {
  const app = await start({
    GRPC_MAX_CONNECTION_AGE: "1s",
    GRPC_MAX_CONNECTION_AGE_GRACE: "1ms",
  });
  const session = connectHttp2(`http://127.0.0.1:${app.app.grpcPort}`);
  let isAway = false;
  session.on("goaway", () => {
    isAway = true;
  });
  session.on("error", () => undefined);
  // A watch never ends by itself: only the grace ends it.
  const watch = session.request({
    ":method": "POST",
    ":path": "/grpc.health.v1.Health/Watch",
    "content-type": "application/grpc",
    te: "trailers",
  });
  watch.on("error", () => undefined);
  watch.write(Buffer.alloc(5));
  await eventually(
    () => expect([isAway, watch.closed, session.closed]).toEqual([true, true, true]),
    {
      timeoutMs: 8_000,
    },
  );
}, 20_000);

test("a gRPC connection has as many calls at most as GRPC_MAX_CONCURRENT_STREAMS says", async () => {
  const app = await start({ GRPC_MAX_CONCURRENT_STREAMS: "7" });
  const session = connectHttp2(`http://127.0.0.1:${app.app.grpcPort}`);
  await eventually(() => expect(session.remoteSettings.maxConcurrentStreams).toBe(7));
  session.destroy();
});

test.each([
  ["h2", 16_384],
  ["grpc-js", 4_294_967_295],
])("GRPC_ENGINE=%s is the server: it takes header lists of %d bytes", async (engine, bytes) => {
  const app = await start({ GRPC_ENGINE: engine });
  const session = connectHttp2(`http://127.0.0.1:${app.app.grpcPort}`);
  await eventually(() => expect(session.remoteSettings.maxHeaderListSize).toBe(bytes));
  session.destroy();
});
