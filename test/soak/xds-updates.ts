/**
 * `npm run xds:soak [-- <updates>]`: 1,000 updates, or as many as are asked for, while calls are made all the time. No call may fail,
 * and in the second half the memory may not grow: only what has a bound, like the table of metrics, is filled in the first.
 */
import { startGate } from "../support/velocitygate.ts";
import { SnapshotServer } from "../support/xds/snapshot-server.ts";
import { type UpdateLoad, updateUnderLoad } from "../support/xds/update-load.ts";

/** What a heap that is collected now and then moves by, beside the share. */
const marginMb = 8;
const marginShare = 0.1;

process.exitCode = await main(Number(process.argv[2] ?? 1_000));

async function main(updates: number): Promise<number> {
  const server = await SnapshotServer.start();
  server.set([]);
  const gate = await startGate({
    settings: {
      CONFIG_TYPE: "GRPC_XDS_SOTW",
      CONFIG_GRPC_XDS_SERVER_URL: server.target,
      // A heap that has room is not collected: in a small one, what grows is kept.
      NODE_OPTIONS: "--max-old-space-size=40 --max-semi-space-size=2",
    },
  });
  try {
    const load = await updateUnderLoad(server, gate, updates);
    return report(load, updates);
  } finally {
    await gate.stop();
    await server.stop();
  }
}

function report({ calls, failures, memoryMb, seconds }: UpdateLoad, updates: number): number {
  const write = (line: string) => process.stdout.write(`${line}\n`);
  write(`${updates} updates and ${calls} calls in ${seconds.toFixed(1)} s`);
  write(`resident memory in MiB: ${memoryMb.join(" ")}`);
  for (const failure of failures.slice(0, 10)) write(`failed: ${failure}`);
  const [half = 0, end = 0] = [memoryMb[5], memoryMb[10]];
  const isFlat = end <= half * (1 + marginShare) + marginMb;
  write(`${failures.length} calls failed; the memory ${isFlat ? "is flat" : "grows"}`);
  return failures.length === 0 && isFlat ? 0 : 1;
}
