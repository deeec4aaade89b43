import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "@jest/globals";
import {
  type HttpBounds,
  type HttpRoute,
  type HttpRoutes,
  type HttpServer,
  startHttp,
} from "../../../src/http/server.ts";
import { eventually } from "../../support/eventually.ts";
import { keptLog } from "../../support/kept-log.ts";

const host = "127.0.0.1";
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const bytesMax = 1000;

async function start(
  routes: Readonly<Record<string, HttpRoute>> = {},
  bounds?: HttpBounds,
): Promise<{ server: HttpServer; url: string; log: ReturnType<typeof keptLog> }> {
  const log = keptLog();
  const all: HttpRoutes = {
    byPath: new Map<string, HttpRoute>([
      ["/ok", { answer: () => ({ status: 200, body: "OK" }) }],
      [
        "/echo",
        {
          bodyBytesMax: bytesMax,
          answer: (body) => ({ status: 200, contentType: "application/json", body }),
        },
      ],
      ...Object.entries(routes),
    ]),
    fallback: { answer: () => ({ status: 404, body: "404 page not found\n" }) },
  };
  const server = await startHttp(all, { host, port: 0, setting: "PORT" }, log, bounds);
  cleanups.push(() => server.close(0));
  return { server, url: `http://${host}:${server.port}`, log };
}

/** A connection of its own, for what `fetch` does not do. */
async function open(port: number): Promise<Socket> {
  const socket = connect(port, host);
  socket.on("error", () => undefined);
  cleanups.push(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** A promise, and the function that keeps it. */
function promised(): { readonly promise: Promise<void>; readonly keep: () => void } {
  let keep: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    keep = resolve;
  });
  return { promise, keep };
}

describe("a long answer", () => {
  const long = "metric 1\n".repeat(1000);
  const routes = {
    "/long": { answer: () => ({ status: 200, body: long, isCompressible: true }) },
    "/other": { answer: () => ({ status: 200, body: long }) },
    "/short": { answer: () => ({ status: 200, body: "metric 1\n", isCompressible: true }) },
  };
  const ask = async (path: string, acceptEncoding: string) => {
    const { server } = await start(routes);
    const socket = await open(server.port);
    socket.write(
      `GET ${path} HTTP/1.1\r\nhost: x\r\naccept-encoding: ${acceptEncoding}\r\nconnection: close\r\n\r\n`,
    );
    const answer = await buffer(socket);
    const end = answer.indexOf("\r\n\r\n");
    return { head: answer.toString("latin1", 0, end), body: answer.subarray(end + 4) };
  };

  test.each(["gzip", "deflate, gzip;q=0.5", "GZIP", "*", "br, *;q=0.1"])(
    "is sent in gzip to who takes %s",
    async (acceptEncoding) => {
      const { head, body } = await ask("/long", acceptEncoding);
      expect(head).toMatch(/content-encoding: gzip/);
      expect(head).toMatch(/vary: accept-encoding/);
      expect(head).toContain(`content-length: ${body.length}`);
      expect(gunzipSync(body).toString()).toBe(long);
      expect(body.length).toBeLessThan(500);
    },
  );

  test.each([
    ["/long", "identity"],
    ["/long", "gzip;q=0"],
    ["/long", "gzip;q=0, *"],
    ["/long", ""],
    ["/short", "gzip"],
    ["/other", "gzip"],
  ])("%s is sent as it is to who says %j", async (path, acceptEncoding) => {
    const { head, body } = await ask(path, acceptEncoding);
    expect(head).not.toMatch(/content-encoding/);
    expect(body.toString()).toMatch(/^metric 1\n/);
  });
});

describe("a request", () => {
  test.each(["GET", "POST", "PUT", "DELETE"])("by %s finds its route", async (method) => {
    const { url } = await start();
    const response = await fetch(`${url}/ok?query=ignored`, { method });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(await response.text()).toBe("OK");
  });

  test("by HEAD gets the headers alone", async () => {
    const { url } = await start();
    const response = await fetch(`${url}/ok`, { method: "HEAD" });
    expect(response.headers.get("content-length")).toBe("2");
    expect(await response.text()).toBe("");
  });

  test("for any other path gets the fallback", async () => {
    const { url } = await start();
    const response = await fetch(`${url}/ok/`);
    expect([response.status, await response.text()]).toEqual([404, "404 page not found\n"]);
  });

  test("with a body up to the bound is read whole", async () => {
    const { url } = await start();
    const body = "x".repeat(bytesMax);
    const response = await fetch(`${url}/echo`, { method: "POST", body });
    expect(await response.text()).toBe(body);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await (await fetch(`${url}/echo`)).text()).toBe("");
  });

  test.each([
    ["just", bytesMax + 1],
    ["far", bytesMax * 100],
  ])("with a body %s beyond the bound is refused with 413", async (_, bytes) => {
    const { server } = await start();
    const socket = await open(server.port);
    socket.write(`POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`);
    socket.write(`${bytes.toString(16)}\r\n${"x".repeat(bytes)}\r\n0\r\n\r\n`);
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toMatch(/connection: close/i);
    expect(answer).toContain(`at most ${bytesMax} bytes`);
  });

  test("that a route fails on gets 500 without a word of why, and the log knows", async () => {
    const { url, log } = await start({
      "/fails": {
        bodyBytesMax: bytesMax,
        answer: async () => {
          throw new Error("the reason");
        },
      },
    });
    const response = await fetch(`${url}/fails`, { method: "POST", body: "a secret" });
    expect([response.status, await response.text()]).toEqual([500, "Internal Server Error\n"]);
    expect(log.lines).toEqual([
      {
        level: "error",
        message: "an HTTP request failed",
        fields: { path: "/fails", error: new Error("the reason") },
      },
    ]);
  });

  test("whose client goes away is no error, and others are served on", async () => {
    const reading = promised();
    const { server, url, log } = await start({
      "/slow": { bodyBytesMax: bytesMax, answer: () => ({ status: 200, body: "" }) },
      "/seen": {
        answer: () => {
          reading.keep();
          return { status: 200, body: "" };
        },
      },
    });
    const socket = await open(server.port);
    socket.write("GET /seen HTTP/1.1\r\nhost: x\r\n\r\n");
    socket.write("POST /slow HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc");
    await reading.promise;
    socket.destroy();
    await once(socket, "close");
    expect((await fetch(`${url}/ok`)).status).toBe(200);
    await server.close(1000);
    expect(log.lines).toEqual([]);
  });
});

describe("a client that takes its time", () => {
  const hasty: HttpBounds = {
    headersTimeoutMs: 100,
    requestTimeoutMs: 200,
    keepAliveTimeoutMs: 60_000,
    timeoutCheckMs: 20,
    headerBytesMax: 1024,
    connectionsMax: 2,
  };

  test("over its headers is shown out", async () => {
    const { server } = await start({}, hasty);
    const socket = await open(server.port);
    socket.write("GET /ok HTTP/1.1\r\nhost: x\r\n");
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 /);
  });

  test("over its body is shown out", async () => {
    const { server, log } = await start({}, hasty);
    const socket = await open(server.port);
    socket.write("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc");
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 /);
    expect(log.lines).toEqual([]);
  });

  test("with headers beyond the bound is refused with 431", async () => {
    const { url } = await start({}, hasty);
    const response = await fetch(`${url}/ok`, { headers: { x: "y".repeat(2000) } });
    expect(response.status).toBe(431);
  });

  test("beyond the number of connections is not let in", async () => {
    const { server } = await start({}, hasty);
    const first = await open(server.port);
    const second = await open(server.port);
    const third = await open(server.port);
    expect(await text(third)).toBe("");
    expect([first.destroyed, second.destroyed]).toEqual([false, false]);
  });
});

describe("closing", () => {
  test("answers what was asked, tells the client to go, and refuses the next connection", async () => {
    const asked = promised();
    const answered = promised();
    const { server, url } = await start({
      "/slow": {
        answer: async () => {
          asked.keep();
          await answered.promise;
          return { status: 200, body: "late" };
        },
      },
    });
    const response = fetch(`${url}/slow`);
    await asked.promise;
    const closed = server.close(10_000);
    await eventually(async () => {
      await expect(fetch(`${url}/ok`)).rejects.toThrow();
    });
    answered.keep();
    expect(await (await response).text()).toBe("late");
    expect((await response).headers.get("connection")).toBe("close");
    await closed;
  });

  test("does not wait for connections that ask nothing, used or unused", async () => {
    const { server } = await start();
    const used = await open(server.port);
    used.write("GET /ok HTTP/1.1\r\nhost: x\r\n\r\n");
    await once(used, "data");
    const unused = await open(server.port);
    // The server has to know the connection before it can close it: it accepts in order, and answers this one.
    const last = await open(server.port);
    last.write("GET /ok HTTP/1.1\r\nhost: x\r\n\r\n");
    await once(last, "data");
    const startMs = performance.now();
    await server.close(10_000);
    expect(performance.now() - startMs).toBeLessThan(5000);
    await eventually(() => used.destroyed && unused.destroyed && last.destroyed);
  });

  test("ends after the grace whatever is still asked", async () => {
    const asked = promised();
    const { server, url } = await start({
      "/never": {
        answer: async () => {
          asked.keep();
          return new Promise(() => undefined);
        },
      },
    });
    const response = fetch(`${url}/never`);
    const failure = expect(response).rejects.toThrow();
    await asked.promise;
    await server.close(50);
    await failure;
  });

  test("twice is closing once", async () => {
    const { server } = await start();
    await Promise.all([server.close(1000), server.close(1000)]);
    await server.close(0);
  });
});

describe("an address that cannot be had", () => {
  const routes: HttpRoutes = {
    byPath: new Map(),
    fallback: { answer: () => ({ status: 404, body: "" }) },
  };

  test("because it is taken is named with its setting", async () => {
    const { server } = await start();
    await expect(
      startHttp(routes, { host, port: server.port, setting: "PORT" }, keptLog()),
    ).rejects.toMatchObject({
      code: "SETTINGS_INVALID",
      message: expect.stringContaining(
        `cannot listen on ${host}:${server.port} (PORT): address already in use`,
      ),
    });
  });

  test("because it is not this machine's is named with its setting", async () => {
    await expect(
      startHttp(routes, { host: "2001:db8::1", port: 0, setting: "DEBUG_PORT" }, keptLog()),
    ).rejects.toMatchObject({
      code: "SETTINGS_INVALID",
      message: expect.stringMatching(/^cannot listen on \[2001:db8::1\]:0 \(DEBUG_PORT\): \w/),
    });
  });
});

describe("a path with detours", () => {
  const answered = async (path: string) => {
    const { server } = await start();
    const socket = await open(server.port);
    socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    return (await text(socket)).split("\r\n")[0];
  };

  test.each(["//ok", "/./ok", "/x/../ok", "/../ok", "/%6Fk", "/ok?a=b"])(
    "%s is /ok",
    async (path) => {
      expect(await answered(path)).toBe("HTTP/1.1 200 OK");
    },
  );

  test.each(["/ok/", "/OK", "/%", "/%zz", "/ok%2F"])("%s is not", async (path) => {
    expect(await answered(path)).toBe("HTTP/1.1 404 Not Found");
  });
});

test("routes by what a path begins with come after exact ones and before the fallback", async () => {
  const said = (body: string): HttpRoute => ({ answer: () => ({ status: 200, body }) });
  const routes: HttpRoutes = {
    byPath: new Map([["/below/exact", said("exact")]]),
    byBeginning: new Map([["/below/", said("below")]]),
    fallback: said("fallback"),
  };
  const server = await startHttp(routes, { host, port: 0, setting: "PORT" }, keptLog());
  cleanups.push(() => server.close(0));
  const paths = ["/below/exact", "/below/", "/below/x", "/below", "/"];
  const ask = async (path: string) => (await fetch(`http://${host}:${server.port}${path}`)).text();
  expect(await Promise.all(paths.map(ask))).toEqual([
    "exact",
    "below",
    "below",
    "fallback",
    "fallback",
  ]);
});
