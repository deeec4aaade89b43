/** What Linux tells of processes in /proc. */
import { readdirSync, readFileSync } from "node:fs";

const ticksPerSecond = 100;

/** CPU seconds, user and system, that the processes have used so far. */
export function readCpu(pids: readonly number[]): number {
  let nanoseconds = 0;
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      // The scheduler's own count; `stat` has it in hundredths of a second only.
      const [running = "0"] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1").split(
        " ",
      );
      nanoseconds += Number(running);
    }
  }
  return nanoseconds / 1e9;
}

/** CPU seconds of the machine, all cores together: those in use, and all there were. */
export function readMachine(): { readonly busy: number; readonly total: number } {
  const [first = ""] = readFileSync("/proc/stat", "latin1").split("\n");
  // user, nice, system, idle, iowait, irq, softirq, steal; guest time is part of user time.
  const ticks = first.trim().split(/\s+/).slice(1, 9).map(Number);
  const total = ticks.reduce((sum, count) => sum + count, 0);
  const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
  return { busy: (total - idle) / ticksPerSecond, total: total / ticksPerSecond };
}

/** System calls of the processes that write to and read from files and sockets, so far. */
export function readSystemCalls(pids: readonly number[]): { writes: number; reads: number } {
  let writes = 0;
  let reads = 0;
  for (const pid of pids) {
    const io = readFileSync(`/proc/${pid}/io`, "latin1");
    writes += Number(/syscw: (\d+)/.exec(io)?.[1]);
    reads += Number(/syscr: (\d+)/.exec(io)?.[1]);
  }
  return { writes, reads };
}

/** Memory of the processes that is in RAM, in bytes; what they share counts for each. */
export function readRss(pids: readonly number[]): number {
  let kilobytes = 0;
  for (const pid of pids) {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    kilobytes += Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]);
  }
  return kilobytes * 1024;
}

/** A process and all that descend from it. */
export function processTree(pid: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentOf(name);
    if (parent !== undefined) parents.set(Number(name), parent);
  }
  const tree = [pid];
  for (const known of tree) {
    for (const [child, parent] of parents) if (parent === known) tree.push(child);
  }
  return tree;
}

function parentOf(pid: string): number | undefined {
  try {
    // The name in brackets may contain anything.
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    // It has ended since.
    return undefined;
  }
}
