import type { BigIntStats, Dirent } from "node:fs";
import { lstat, readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

/** Where the rule files are, in the reference's terms. */
export interface RuntimeDirectory {
  /** `RUNTIME_ROOT`: a directory, or a link to the one now in force. */
  readonly root: string;
  /** `RUNTIME_SUBDIRECTORY`, may be empty. */
  readonly subdirectory: string;
  /** `RUNTIME_APPDIRECTORY` */
  readonly appDirectory: string;
  /** `RUNTIME_IGNOREDOTFILES` */
  readonly ignoreDotFiles: boolean;
  /**
   * `RUNTIME_WATCH_ROOT`: files are named by their path below the subdirectory (`config.basic.yaml`), otherwise by their path below
   * the app directory (`basic.yaml`). Either way with dots for slashes.
   */
  readonly watchRoot: boolean;
}

/** What was found, without reading any file. */
export interface Scan {
  /** In the order of their names. */
  readonly files: readonly FoundFile[];
  /** Entries that are no readable file or directory. */
  readonly problems: readonly string[];
  /** Differs after every change of what was found: of names, contents, targets of links and permissions. */
  readonly signature: string;
  /** Every directory in which a change may matter. */
  readonly watchPoints: readonly WatchPoint[];
}

export interface FoundFile {
  readonly name: string;
  readonly path: string;
}

export interface WatchPoint {
  readonly path: string;
  /** Which directory it was: after a swap of links the same path is another one. */
  readonly identity: string;
  /** Whether a change of that entry matters; an `undefined` name: something changed, but nobody knows what. */
  readonly matters: (entry: string | undefined) => boolean;
}

/** Files and directories. More is a mistake in the settings, such as a root that is the whole machine. */
const entriesMax = 10_000;
const depthMax = 16;

interface Findings {
  readonly files: FoundFile[];
  readonly problems: string[];
  readonly marks: string[];
  readonly watchPoints: WatchPoint[];
}

/** Which names below the base are rule files, and which directories may hold some. Both ask with dots for slashes. */
interface Selection {
  readonly isRuleFile: (name: string) => boolean;
  readonly mayHoldRules: (name: string) => boolean;
  readonly isHidden: (entry: string) => boolean;
}

/** The directory whose files are named; for error messages, too. */
export function baseDirectory(directory: RuntimeDirectory): string {
  const { root, subdirectory, appDirectory, watchRoot } = directory;
  return resolve(watchRoot ? join(root, subdirectory) : join(root, subdirectory, appDirectory));
}

/**
 * Looks through the runtime directory. Follows links to directories, as a mounted ConfigMap is made of them. A directory that does
 * not exist holds nothing.
 */
export async function scanRuntimeDirectory(directory: RuntimeDirectory): Promise<Scan> {
  const findings: Findings = { files: [], problems: [], marks: [], watchPoints: [] };
  const base = baseDirectory(directory);
  await addPathTo(base, findings);
  await addDirectory(base, "", 0, selectionOf(directory), findings);
  findings.files.sort((left, right) => (left.name < right.name ? -1 : 1));
  return {
    files: findings.files,
    problems: findings.problems,
    signature: findings.marks.join("\n"),
    watchPoints: findings.watchPoints,
  };
}

function selectionOf({ appDirectory, ignoreDotFiles, watchRoot }: RuntimeDirectory): Selection {
  const isHidden = (entry: string) =>
    isOfKubernetes(entry) || (ignoreDotFiles && entry.startsWith("."));
  const steps = appDirectory.split("/").filter((step) => step !== "" && step !== ".");
  if (!watchRoot || steps.length === 0) {
    return { isRuleFile: () => true, mayHoldRules: () => true, isHidden };
  }
  const prefix = `${steps.join(".")}.`;
  return {
    isRuleFile: (name) => name.startsWith(prefix),
    mayHoldRules: (name) => `${name}.`.startsWith(prefix) || prefix.startsWith(`${name}.`),
    isHidden,
  };
}

/**
 * A mounted ConfigMap is a directory of links to `..data/<file>`, and `..data` is a link that is swapped. What is found behind it is
 * not a second set of rules, but its change is the change of all files.
 */
function isOfKubernetes(entry: string): boolean {
  return entry.startsWith("..");
}

/** The directories on the way to the base: each may be swapped, or appear later. */
async function addPathTo(base: string, findings: Findings): Promise<void> {
  const steps: string[] = [];
  for (let step = base; step !== dirname(step); step = dirname(step)) steps.unshift(step);
  for (const step of steps) {
    const parent = dirname(step);
    const stats = await statOf(parent);
    if (typeof stats === "string") return;
    findings.watchPoints.push({
      path: parent,
      identity: identityOf(stats),
      matters: (entry) => entry === undefined || entry === basename(step),
    });
    await markLink(step, findings);
  }
}

async function addDirectory(
  path: string,
  name: string,
  depth: number,
  selection: Selection,
  findings: Findings,
): Promise<void> {
  const stats = await statOf(path);
  findings.marks.push(`${path} ${typeof stats === "string" ? stats : identityOf(stats)}`);
  if (stats === "ENOENT" || stats === "ENOTDIR") return;
  const entries = await entriesOf(path);
  if (typeof stats === "string" || typeof entries === "string" || depth > depthMax) {
    const reason =
      depth > depthMax ? `is more than ${depthMax} directories deep` : cannotRead(entries);
    findings.problems.push(`${path} ${reason}`);
    return;
  }
  const nameOf = (entry: string) => (name === "" ? entry : `${name}.${entry}`);
  const isOfInterest = (entry: string) =>
    !selection.isHidden(entry) && selection.mayHoldRules(nameOf(entry));
  findings.watchPoints.push({
    path,
    identity: identityOf(stats),
    matters: (entry) => entry === undefined || isOfKubernetes(entry) || isOfInterest(entry),
  });
  for (const entry of entries) {
    const isOurs = isOfInterest(entry.name);
    if (entry.isSymbolicLink() && (isOurs || isOfKubernetes(entry.name))) {
      await markLink(join(path, entry.name), findings);
    }
    if (!isOurs) continue;
    if (findings.files.length + findings.watchPoints.length > entriesMax) {
      findings.problems.unshift(`${path}: there are more than ${entriesMax} files and directories`);
      return;
    }
    await addEntry(join(path, entry.name), nameOf(entry.name), depth, selection, findings);
  }
}

async function addEntry(
  path: string,
  name: string,
  depth: number,
  selection: Selection,
  findings: Findings,
): Promise<void> {
  const stats = await statOf(path);
  if (typeof stats === "string") {
    findings.marks.push(`${path} ${stats}`);
    findings.problems.push(`${path} ${cannotRead(stats)}`);
  } else if (stats.isDirectory()) {
    await addDirectory(path, name, depth + 1, selection, findings);
  } else if (selection.isRuleFile(name)) {
    findings.marks.push(`${path} ${identityOf(stats)} ${contentMark(stats)}`);
    if (stats.isFile()) findings.files.push({ name, path });
    else findings.problems.push(`${path} is not a file`);
  }
}

/** Of what a path leads to, links followed; the error code when it leads nowhere. */
async function statOf(path: string): Promise<BigIntStats | string> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    return codeOf(error);
  }
}

/** Marks which link it is, so that one swapped away and back again while files are read does not go unseen. */
async function markLink(path: string, { marks }: Findings): Promise<void> {
  try {
    const stats = await lstat(path, { bigint: true });
    if (stats.isSymbolicLink()) marks.push(`${path} ${identityOf(stats)} ${contentMark(stats)}`);
  } catch (error) {
    marks.push(`${path} ${codeOf(error)}`);
  }
}

async function entriesOf(path: string): Promise<readonly Dirent[] | string> {
  try {
    return (await readdir(path, { withFileTypes: true })).sort((left, right) =>
      left.name < right.name ? -1 : 1,
    );
  } catch (error) {
    return codeOf(error);
  }
}

export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "unknown error";
}

function cannotRead(code: unknown): string {
  return `cannot be read (${String(code)})`;
}

export function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

/** The time of the last change of the inode also moves when permissions do, and cannot be set back by whoever writes the file. */
export function contentMark({ size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${size} ${mtimeNs} ${ctimeNs}`;
}
