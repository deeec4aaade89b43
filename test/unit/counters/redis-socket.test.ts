import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { expect, test } from "@jest/globals";
import { RedisSocket } from "../../../src/counters/redis-socket.ts";

// A TLS socket that refuses a certificate and is then told so by the other side reports two errors; the second one had nobody to
// hear it and ended the process.
test("a socket may report any number of errors, and the first one is kept", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const connector = new RedisSocket({ host: "127.0.0.1", port });
  const socket = await connector.connect();
  const errors = [new Error("first"), new Error("second"), new Error("third")];
  for (const error of errors) socket.emit("error", error);
  expect(connector.firstError).toBe(errors[0]);
  connector.disconnect();
  await once(socket, "close");
  server.close();
});
