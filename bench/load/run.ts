import { readCpu, readMachine, readSystemCalls } from "../measure/proc.ts";
import { Calls } from "./calls.ts";
import { prepareBursts, prepareClosedLoop } from "./closed-loop.ts";
import { LatencyRecord } from "./latencies.ts";
import { prepareOpenLoop } from "./open-loop.ts";
import type { LoadResult, LoadSpec } from "./spec.ts";

/** Runs a load and measures it. @throws (rejects) at the first answer that is wrong */
export async function runLoad(spec: LoadSpec): Promise<LoadResult> {
  const calls = new Calls(spec);
  try {
    const { run, openLoop } = await prepare(calls, spec);
    // What opening the connections cost is nobody's concern here.
    const before = sample(spec, calls);
    await run();
    const after = sample(spec, calls);
    return toResult(calls, before, after, openLoop);
  } finally {
    calls.close();
  }
}

async function prepare(calls: Calls, spec: LoadSpec) {
  const { pace } = spec;
  switch (pace.kind) {
    case "closed":
      return {
        run: await prepareClosedLoop(calls, pace.connections, pace.streams, spec),
        openLoop: undefined,
      };
    case "bursts":
      return { run: await prepareBursts(calls, pace.size, spec), openLoop: undefined };
    case "open": {
      const openLoop = await prepareOpenLoop(calls, pace, spec);
      return { run: openLoop.run, openLoop };
    }
  }
}

type Sample = ReturnType<typeof sample>;

function sample({ serverPids, redisPids }: LoadSpec, calls: Calls) {
  const { user, system } = process.cpuUsage();
  return {
    ms: performance.now(),
    server: readCpu(serverPids),
    redis: readCpu(redisPids),
    generator: (user + system) / 1e6,
    machine: readMachine(),
    systemCalls: readSystemCalls(serverPids),
    bytes: calls.bytes(),
  };
}

function toResult(
  calls: Calls,
  before: Sample,
  after: Sample,
  openLoop: { readonly lag: LatencyRecord; readonly isOverloaded: boolean } | undefined,
): LoadResult {
  const serverCpu = after.server - before.server;
  const redisCpu = after.redis - before.redis;
  const generatorCpu = after.generator - before.generator;
  const busy = after.machine.busy - before.machine.busy;
  const foreign = Math.max(0, busy - serverCpu - redisCpu - generatorCpu);
  return {
    calls: calls.answered,
    made: calls.made,
    refused: calls.refused,
    refusedInTime: calls.refusedInTime,
    seconds: (after.ms - before.ms) / 1000,
    latencies: calls.latencies.quantiles(),
    lateShare: calls.latencies.lateShare,
    lag: (openLoop?.lag ?? new LatencyRecord(0)).quantiles(),
    isOverloaded: openLoop?.isOverloaded ?? false,
    serverCpu,
    redisCpu,
    generatorCpu,
    foreignShare: foreign / (after.machine.total - before.machine.total),
    bytesSent: after.bytes.sent - before.bytes.sent,
    bytesReceived: after.bytes.received - before.bytes.received,
    serverWrites: after.systemCalls.writes - before.systemCalls.writes,
    serverReads: after.systemCalls.reads - before.systemCalls.reads,
  };
}
