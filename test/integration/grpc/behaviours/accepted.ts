import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { eventually } from "../../../support/eventually.ts";
import { gate, type Harness, unaryPath } from "../harness.ts";

/** Far beyond what any of these tests may take: a drain that waits for it has failed. */
const longGraceMs = 60_000;

/** Somebody else's listener, as the primary of several processes is one. */
async function startListener() {
  const sockets: Socket[] = [];
  let take: ((socket: Socket) => void) | undefined;
  const listener = createServer({ pauseOnConnect: true }, (socket) => {
    sockets.push(socket);
    take?.(socket.resume());
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  return {
    target: `127.0.0.1:${port}`,
    sockets,
    isListenedTo: () => take !== undefined,
    connections: {
      onConnection(listener: (socket: Socket) => void) {
        take = listener;
        return () => {
          take = undefined;
        };
      },
    },
    close() {
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Connections that come from another process. */
export function acceptedBehaviours(harness: Harness): void {
  const closers: (() => void)[] = [];
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });
  const listening = async () => {
    const listener = await startListener();
    closers.push(() => listener.close());
    return listener;
  };

  test("connections that somebody else accepts are served like its own", async () => {
    const { connections, target } = await listening();
    const server = await harness.serve({ unary: (request) => request, address: connections });
    expect(server.port).toBeUndefined();
    for (const client of [harness.client(target), harness.client(target)]) {
      expect(await client.ask(unaryPath, Buffer.of(1))).toEqual(Buffer.of(1));
    }
  });

  test("a drain answers their calls in flight, closes them, and takes no new ones", async () => {
    const { connections, target, sockets, isListenedTo } = await listening();
    const { opened, open } = gate();
    let isAsked = false;
    const server = await harness.serve({
      unary: async (request) => {
        isAsked = true;
        await opened;
        return request;
      },
      address: connections,
    });
    const answer = harness.client(target).ask(unaryPath, Buffer.of(1));
    await eventually(() => isAsked);
    let isOver = false;
    const drained = server.drain(longGraceMs).then(() => {
      isOver = true;
    });
    await eventually(() => !isListenedTo());
    expect(isOver).toBe(false);
    open();
    expect(await answer).toEqual(Buffer.of(1));
    await drained;
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true]);
  });

  test("a close ends them at once", async () => {
    const { connections, target, sockets } = await listening();
    const server = await harness.serve({ unary: (request) => request, address: connections });
    await harness.client(target).ask(unaryPath, Buffer.of(1));
    await server.close();
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true]);
  });
}
