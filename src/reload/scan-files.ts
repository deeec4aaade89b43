import { lstat, readlink } from "node:fs/promises";
import { dirname, parse, resolve, sep } from "node:path";
import { codeOf, contentMark, identityOf, type Scan, statOf } from "./scan.ts";

/** As many as the system follows. */
const linksMax = 40;

interface Findings {
  /** Where each path that was looked at leads; `undefined`: it is no link. */
  readonly seen: Map<string, string | undefined>;
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
    const step = resolve(at, entry);
    // Files that lie together have most of the way in common.
    if (!findings.seen.has(step)) {
      await watchFor(entry, at, findings);
      findings.seen.set(step, await markOf(step, findings));
    }
    const target = findings.seen.get(step);
    if (target !== undefined && linksLeft > 0) {
      const rest = steps.slice(i + 1);
      return follow(resolve(dirname(step), target, ...rest), linksLeft - 1, findings);
    }
    at = step;
  }
}

async function watchFor(
  entry: string,
  directory: string,
  { watchPoints }: Findings,
): Promise<void> {
  const stats = await statOf(directory);
  if (typeof stats === "string") return;
  watchPoints.push({
    path: directory,
    identity: identityOf(stats),
    matters: (changed) => changed === undefined || changed === entry,
  });
}

/** Marks what a path is. Answers where it leads when it is a link. */
async function markOf(path: string, { marks }: Findings): Promise<string | undefined> {
  try {
    const stats = await lstat(path, { bigint: true });
    // Of a directory only which one it is matters, not what else is in it.
    const content = stats.isDirectory() ? "" : contentMark(stats);
    marks.push(`${path} ${identityOf(stats)} ${content}`);
    return stats.isSymbolicLink() ? await readlink(path) : undefined;
  } catch (error) {
    marks.push(`${path} ${codeOf(error)}`);
    return undefined;
  }
}
