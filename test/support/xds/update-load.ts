import { setTimeout as delay } from "node:timers/promises";
import { get } from "../http-client.ts";
import { parseExposition, sampleValue } from "../parse-exposition.ts";
import { RateLimitClient } from "../rate-limit-client.ts";
import type { SnapshotServer } from "./snapshot-server.ts";
import { oneLimit } from "./updates.ts";

/** What became of calls and updates that met. */
export interface UpdateLoad {
  readonly calls: number;
  /** Calls that failed, or were answered by rules that were never in force. */
  readonly failures: readonly string[];
  /** Resident memory of the service, in MiB, at the beginning of each of ten parts and at the end. */
  readonly memoryMb: readonly number[];
  readonly seconds: number;
}

/** How many rules each update has, and how many of them come anew with it. */
const rulesPerUpdate = 200;
const newRulesPerUpdate = 20;

/** How many callers there are, each with a call at a time and a connection. */
const callers = 4;

/** Sends so many updates, each once the one before was accepted, while calls are made all the time. */
export async function updateUnderLoad(
  server: SnapshotServer,
  { grpcPort, httpPort }: { readonly grpcPort: number; readonly httpPort: number },
  updates: number,
): Promise<UpdateLoad> {
  const clients = Array.from({ length: callers }, () => new RateLimitClient(grpcPort));
  const failures: string[] = [];
  let calls = 0;
  const over = new AbortController();
  const call = async (client: RateLimitClient) => {
    while (!over.signal.aborted) {
      const [status = ""] = await client.ask("d", "k=v").then(
        ({ statuses }) => statuses,
        (error: Error) => [`failed: ${error.message}`],
      );
      calls += 1;
      if (!/^OK \d+\/MINUTE /.test(status)) failures.push(status);
    }
  };
  await update(server, 0);
  const calling = clients.map(call);
  const memoryMb: number[] = [];
  const beginMs = performance.now();
  for (let number = 1; number < updates; number++) {
    if ((number - 1) % Math.ceil(updates / 10) === 0) memoryMb.push(await residentMb(httpPort));
    await update(server, number);
  }
  memoryMb.push(await residentMb(httpPort));
  over.abort();
  await Promise.all(calling);
  for (const client of clients) await client.stop();
  return { calls, failures, memoryMb, seconds: (performance.now() - beginMs) / 1000 };
}

/** Sends one, and waits until it was accepted. */
async function update(server: SnapshotServer, number: number): Promise<void> {
  server.set(configsOf(number));
  for (const endMs = performance.now() + 30_000; !server.isAccepted; await delay(1)) {
    if (performance.now() > endMs) throw new Error(`update ${number} was never accepted`);
  }
}

async function residentMb(httpPort: number): Promise<number> {
  const metrics = parseExposition((await get(httpPort, "/metrics")).body);
  return Math.round((sampleValue(metrics, "process_resident_memory_bytes") ?? 0) / 2 ** 20);
}

/** The domain that is asked for, and others whose names come and go. */
function configsOf(update: number) {
  const others = Array.from({ length: rulesPerUpdate - 1 }, (_, at) =>
    oneLimit(`domain-${update * newRulesPerUpdate + at}`, "key", 1 + at),
  );
  return [oneLimit("d", "k", 1_000_000 + update), ...others];
}
