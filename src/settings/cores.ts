import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** The text of a file; throws when there is none. */
type ReadText = (path: string) => string;

/**
 * How many processes can compute at a time: the cores that the system lets this one use, or fewer when its container gets less time
 * than that (a `limits.cpu` of Kubernetes). At least 1.
 */
export function availableCores(
  cores: number = availableParallelism(),
  read: ReadText = (path) => readFileSync(path, "utf8"),
): number {
  return Math.max(1, Math.min(cores, Math.floor(coresOfCgroup(read))));
}

/** Infinite without a cgroup, or without a limit in it. */
function coresOfCgroup(read: ReadText): number {
  const [quotaUs, periodUs] = cgroup2(read) ?? cgroup1(read);
  const cores = Number(quotaUs) / Number(periodUs);
  return cores > 0 ? cores : Number.POSITIVE_INFINITY;
}

type QuotaAndPeriod = readonly (string | undefined)[];

/** `max 100000` or `150000 100000` */
function cgroup2(read: ReadText): QuotaAndPeriod | undefined {
  return readIfThere(read, "/sys/fs/cgroup/cpu.max")?.trim().split(" ");
}

/** The quota is -1 without a limit. */
function cgroup1(read: ReadText): QuotaAndPeriod {
  const quotaUs = readIfThere(read, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  const periodUs = readIfThere(read, "/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  return [quotaUs, periodUs];
}

function readIfThere(read: ReadText, path: string): string | undefined {
  try {
    return read(path);
  } catch {
    return undefined;
  }
}
