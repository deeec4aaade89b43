import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { posix } from "node:path";
import type { Log } from "../observe/log.ts";
import { readBody } from "./body.ts";
import { gzippedBody } from "./gzip.ts";
import { type ListenSettings, listen } from "./listen.ts";

/** The fields of a request's head, by their lower-case names. */
export type HttpHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface HttpAnswer {
  readonly status: number;
  /** `undefined`: plain text. */
  readonly contentType?: string | undefined;
  readonly body: string | Buffer;
  /** Sent in gzip to clients who take it; absent: never. */
  readonly isCompressible?: boolean;
}

/** What one path answers, to every method: the reference looks at none. */
export interface HttpRoute {
  /** The longest body that is read, in bytes; `undefined`: none is, and `answer` gets an empty one. */
  readonly bodyBytesMax?: number;
  answer(body: Buffer, headers: HttpHeaders): HttpAnswer | Promise<HttpAnswer>;
}

/** Routes by their exact path, then by what it begins with, and `fallback` for every other one. */
export interface HttpRoutes {
  readonly byPath: ReadonlyMap<string, HttpRoute>;
  readonly byBeginning?: ReadonlyMap<string, HttpRoute>;
  readonly fallback: HttpRoute;
}

/** A running HTTP server. */
export interface HttpServer {
  readonly port: number;
  /**
   * Takes no new connections, answers what was asked on the open ones and closes them; after `graceMs` it closes those that are
   * left. Idempotent.
   */
  close(graceMs: number): Promise<void>;
}

export const plainText = "text/plain; charset=utf-8";

/** What one client may take of time and room, and how many there may be. */
export interface HttpBounds {
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** How often the first two are looked after. */
  readonly timeoutCheckMs: number;
  readonly headerBytesMax: number;
  /** Further connections are closed at once. */
  readonly connectionsMax: number;
}

const boundsDefault: HttpBounds = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 15_000,
  keepAliveTimeoutMs: 60_000,
  timeoutCheckMs: 2_000,
  headerBytesMax: 16 * 1024,
  connectionsMax: 1024,
};

/** @throws (rejects) VelocityGateError `SETTINGS_INVALID` when the address cannot be had. */
export async function startHttp(
  routes: HttpRoutes,
  settings: ListenSettings,
  log: Log,
  bounds: HttpBounds = boundsDefault,
): Promise<HttpServer> {
  const server = createBounded(bounds);
  const unused = trackUnused(server);
  server.on("request", (request, response) => {
    void respond(server, routes, request, response, log);
  });
  const port = await listen(server, settings);
  server.on("error", (error) => log.error("an HTTP listener failed", { port, error }));
  let closing: Promise<void> | undefined;
  return {
    port,
    close(graceMs) {
      closing ??= closeServer(server, unused, graceMs);
      return closing;
    },
  };
}

function createBounded(bounds: HttpBounds): Server {
  const server = createServer({
    headersTimeout: bounds.headersTimeoutMs,
    requestTimeout: bounds.requestTimeoutMs,
    keepAliveTimeout: bounds.keepAliveTimeoutMs,
    connectionsCheckingInterval: bounds.timeoutCheckMs,
    maxHeaderSize: bounds.headerBytesMax,
  });
  server.maxConnections = bounds.connectionsMax;
  return server;
}

async function respond(
  server: Server,
  routes: HttpRoutes,
  request: IncomingMessage,
  response: ServerResponse,
  log: Log,
): Promise<void> {
  const path = pathOf(request);
  let answer: HttpAnswer;
  let gzipped: Buffer | undefined;
  try {
    answer = await answerOf(routeOf(routes, path), request, response);
    gzipped = await gzippedBody(answer, request);
  } catch (error) {
    // A client that went away is nobody's fault.
    if (request.errored === null) log.error("an HTTP request failed", { path, error });
    answer = { status: 500, body: "Internal Server Error\n" };
  }
  // A server that closes says so, and the connection ends with this answer.
  if (!server.listening) response.shouldKeepAlive = false;
  send(response, answer, gzipped);
}

async function answerOf(
  route: HttpRoute,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<HttpAnswer> {
  const { bodyBytesMax } = route;
  if (bodyBytesMax === undefined) return await route.answer(Buffer.alloc(0), request.headers);
  const body = await readBody(request, bodyBytesMax);
  if (body !== undefined) return await route.answer(body, request.headers);
  response.shouldKeepAlive = false;
  return { status: 413, body: `Content Too Large: at most ${bodyBytesMax} bytes are read\n` };
}

function send(response: ServerResponse, answer: HttpAnswer, gzipped: Buffer | undefined): void {
  const body = gzipped ?? answer.body;
  response.writeHead(answer.status, {
    "content-type": answer.contentType ?? plainText,
    "content-length": Buffer.byteLength(body),
    "x-content-type-options": "nosniff",
    ...(answer.isCompressible ? { vary: "accept-encoding" } : {}),
    ...(gzipped === undefined ? {} : { "content-encoding": "gzip" }),
  });
  response.end(body);
}

function pathOf({ url = "/" }: IncomingMessage): string {
  const end = url.indexOf("?");
  return end < 0 ? url : url.slice(0, end);
}

function routeOf(
  { byPath, byBeginning = new Map(), fallback }: HttpRoutes,
  path: string,
): HttpRoute {
  const exact = byPath.get(path) ?? byPath.get(plainPath(path));
  if (exact !== undefined) return exact;
  for (const [beginning, route] of byBeginning) if (path.startsWith(beginning)) return route;
  return fallback;
}

/** The path without detours: `//json`, `/./json` and `/%6Ason` are `/json`. The reference redirects callers of the first two. */
function plainPath(path: string): string {
  try {
    return posix.normalize(decodeURIComponent(path));
  } catch {
    return path;
  }
}

/** Connections on which nothing was asked yet. Node does not count them as idle and would wait for them. */
function trackUnused(server: Server): ReadonlySet<Socket> {
  const unused = new Set<Socket>();
  server.on("connection", (socket) => {
    unused.add(socket);
    socket.once("close", () => unused.delete(socket));
  });
  server.on("request", (request) => unused.delete(request.socket));
  return unused;
}

function closeServer(server: Server, unused: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    for (const socket of unused) socket.destroy();
  });
}
