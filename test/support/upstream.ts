import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

/** What stands behind Envoy and counts the requests that were let through. */
export interface Upstream {
  readonly port: number;
  readonly count: number;
  /** The headers of the latest request. */
  readonly latest: IncomingHttpHeaders | undefined;
  stop(): Promise<void>;
}

export async function startUpstream(body = "hello\n"): Promise<Upstream> {
  let count = 0;
  let latest: IncomingHttpHeaders | undefined;
  const server = createServer((request, response) => {
    count += 1;
    latest = request.headers;
    request.resume();
    response.end(body);
  });
  // Node closes idle connections after 5 s, and Envoy may be about to use one.
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    get count() {
      return count;
    },
    get latest() {
      return latest;
    },
    async stop() {
      const closed = new Promise((resolve) => {
        server.close(resolve);
      });
      server.closeAllConnections();
      await closed;
    },
  };
}
