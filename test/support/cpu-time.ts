/** The CPU time that `work` takes, in milliseconds. Unlike the time of a clock it does not grow when others use the machine. */
export function cpuMsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
