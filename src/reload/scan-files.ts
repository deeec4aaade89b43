import type { BigIntStats } from "node:fs";
import { lstat, readlink } from "node:fs/promises";
import { dirname, parse, resolve, sep } from "node:path";
import { codeOf, contentMark, identityOf, type Scan } from "./scan.ts";

/** As many as the system follows. */
const linksMax = 40;

/** What a path is: the error code when it is nothing. */
interface Found {
  readonly stats: BigIntStats | string;
  /** Where it leads when it is a link. */
  readonly target: string | undefined;
}

interface Findings {
  /** By path. Files that lie together have most of the way in common. */
  readonly seen: Map<string, Found>;
  readonly marks: string[];
  readonly watchPoints: Scan["watchPoints"][number][];
}

/**
 * Looks at single files, through all links on the way to each: a mounted Secret is one of links (`tls.crt` to `..data/tls.crt`, and
 * `..data` to the directory now in force, which is swapped). The signature differs after every change of one of them. Never rejects: a
 * file that is not there has a signature as well.
 */
export async function scanFiles(
  paths: readonly string[],
): Promise<Pick<Scan, "signature" | "watchPoints">> {
  const findings: Findings = { seen: new Map(), marks: [], watchPoints: [] };
  for (const path of paths) await follow(resolve(path), linksMax, findings);
  return { signature: findings.marks.join("\n"), watchPoints: findings.watchPoints };
}

/** Goes down to the file step by step; where a step is a link, from where that leads. No directory passed on the way is a link. */
async function follow(path: string, linksLeft: number, findings: Findings): Promise<void> {
  const { root } = parse(path);
  const steps = path.slice(root.length).split(sep);
  let at = root;
  for (const [i, entry] of steps.entries()) {
    const { stats } = await lookAt(at, findings);
    const step = resolve(at, entry);
    if (!findings.seen.has(step)) watchFor(entry, at, stats, findings);
    const { target } = await lookAt(step, findings);
    if (target !== undefined && linksLeft > 0) {
      const rest = steps.slice(i + 1);
      return follow(resolve(dirname(step), target, ...rest), linksLeft - 1, findings);
    }
    at = step;
  }
}

function watchFor(
  entry: string,
  directory: string,
  stats: Found["stats"],
  { watchPoints }: Findings,
): void {
  if (typeof stats === "string") return;
  watchPoints.push({
    path: directory,
    identity: identityOf(stats),
    matters: (changed) => changed === undefined || changed === entry,
  });
}

/** Marks what a path is, the first time that it is met. */
async function lookAt(path: string, { seen, marks }: Findings): Promise<Found> {
  const known = seen.get(path);
  if (known !== undefined) return known;
  const found = await find(path);
  const { stats } = found;
  // Of a directory only which one it is matters, not what else is in it.
  if (typeof stats === "string") marks.push(`${path} ${stats}`);
  else marks.push(`${path} ${identityOf(stats)} ${stats.isDirectory() ? "" : contentMark(stats)}`);
  seen.set(path, found);
  return found;
}

async function find(path: string): Promise<Found> {
  try {
    const stats = await lstat(path, { bigint: true });
    return { stats, target: stats.isSymbolicLink() ? await readlink(path) : undefined };
  } catch (error) {
    return { stats: codeOf(error), target: undefined };
  }
}
