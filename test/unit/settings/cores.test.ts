import { availableParallelism } from "node:os";
import { describe, expect, test } from "@jest/globals";
import { availableCores } from "../../../src/settings/cores.ts";

/** A machine that has these files and no others. */
function withFiles(files: Readonly<Record<string, string>>) {
  return (path: string): string => {
    const text = files[path];
    if (text === undefined) throw new Error(`ENOENT: ${path}`);
    return text;
  };
}

const cgroup2 = "/sys/fs/cgroup/cpu.max";
const quota = "/sys/fs/cgroup/cpu/cpu.cfs_quota_us";
const period = "/sys/fs/cgroup/cpu/cpu.cfs_period_us";

describe("the cores that can be used", () => {
  test.each([
    ["all of the machine's without a container", {}, 16],
    ["all where the container has no limit", { [cgroup2]: "max 100000\n" }, 16],
    ["as many as the container's limit allows", { [cgroup2]: "400000 100000\n" }, 4],
    ["no share of a core", { [cgroup2]: "250000 100000\n" }, 2],
    ["one, however little is allowed", { [cgroup2]: "50000 100000\n" }, 1],
    ["not more than there are", { [cgroup2]: "6400000 100000\n" }, 16],
    ["the limit of the older cgroups", { [quota]: "300000\n", [period]: "100000\n" }, 3],
    ["all without one there", { [quota]: "-1\n", [period]: "100000\n" }, 16],
    ["all when only half of it is known", { [quota]: "300000\n" }, 16],
    ["all when it cannot be understood", { [cgroup2]: "plenty\n" }, 16],
    ["all when nothing may be told", { [cgroup2]: "" }, 16],
  ])("are %s", (_, files, expected) => {
    expect(availableCores(16, withFiles(files))).toBe(expected);
  });

  test("are counted on this machine", () => {
    expect(availableCores()).toBeGreaterThanOrEqual(1);
    expect(availableCores()).toBeLessThanOrEqual(availableParallelism());
  });
});
