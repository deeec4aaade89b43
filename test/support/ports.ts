import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * Ports below those that systems hand out by themselves (from 32768 on Linux), so that no outgoing connection takes one between
 * the check and its use. The bus port of a Redis Cluster node lies 10,000 above.
 */
const lowest = 10_000;
const highest = 21_999;
const busOffset = 10_000;

/** A port of 127.0.0.1 that is free, and whose port 10,000 above is free as well. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(lowest, highest + 1);
    if ((await isFree(port)) && (await isFree(port + busOffset))) return port;
  }
  throw new Error(`no free port found between ${lowest} and ${highest}`);
}

/** Different ports, each as `freePort` says. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
