import { combine, wayOf } from "./add-up.ts";

/** Lines of what is there now, not of what was counted since the start; they end with the process. */
const presentFigures = /^ratelimit\.localcache\.|\.cx_active$/;

/** The statistics pages of several processes as one, ordered by name as each of them is. */
export function addStatsPages(pages: readonly string[]): string {
  const figures = new Map<string, number>();
  for (const page of pages) {
    for (const [name, value] of linesOf(page)) {
      const before = figures.get(name);
      figures.set(name, before === undefined ? value : combine(wayOf(name), before, value));
    }
  }
  return [...figures]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(toLine)
    .join("");
}

/** What has to be kept of a process that has ended, so that sums do not fall. */
export function countersOfStatsPage(page: string): string {
  return [...linesOf(page)]
    .filter(([name]) => !presentFigures.test(name) && wayOf(name) === "sum")
    .map(toLine)
    .join("");
}

function* linesOf(page: string): Iterable<readonly [name: string, value: number]> {
  for (const line of page.split("\n")) {
    const at = line.lastIndexOf(": ");
    if (at > 0) yield [line.slice(0, at), Number(line.slice(at + 2))];
  }
}

function toLine([name, value]: readonly [string, number]): string {
  return `${name}: ${value}\n`;
}
