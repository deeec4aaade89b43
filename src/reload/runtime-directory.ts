import { open } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { VelocityGateError } from "../errors.ts";
import { decodeRuleFile } from "../limits/decode-rule-file.ts";
import type { RuleFile } from "../limits/rule-set.ts";
import {
  codeOf,
  type FoundFile,
  type RuntimeDirectory,
  type Scan,
  scanRuntimeDirectory,
} from "./scan.ts";

/** What one reading found. */
export interface RuntimeFiles {
  readonly files: readonly RuleFile[];
  /** Of the scan that the files agree with. */
  readonly signature: string;
}

const fileBytesMax = 64 * 1024 * 1024;
const allBytesMax = 256 * 1024 * 1024;
/** With pauses that grow by a step each: two seconds in all. */
const attemptsMax = 20;
const pauseStepMs = 10;

/**
 * The rule files of the directory, as they stood together at one moment: when something changed while they were read, they are read
 * again. None when the directory does not exist.
 *
 * @throws (rejects) VelocityGateError `RULES_INVALID` when a file cannot be read, as its rules would be missing without a word, or
 *   when there is more than is reasonable.
 */
export async function readRuntimeDirectory(directory: RuntimeDirectory): Promise<RuntimeFiles> {
  let before = await scanRuntimeDirectory(directory);
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const reading = await readAll(before);
    const after = await scanRuntimeDirectory(directory);
    if (after.signature === before.signature) {
      const { signature } = after;
      if (!("problem" in reading)) return { files: reading, signature };
      throw new RulesUnreadableError(reading.problem, reading.isLasting ? signature : undefined);
    }
    before = after;
    await delay(attempt * pauseStepMs);
  }
  throw new RulesUnreadableError("the rule files kept changing while they were read", undefined);
}

/** The files could not be read. */
export class RulesUnreadableError extends VelocityGateError {
  /** As in `RuntimeFiles`; `undefined` when the next attempt may well succeed, though nothing seems to change. */
  readonly signature: string | undefined;

  constructor(message: string, signature: string | undefined) {
    super("RULES_INVALID", message);
    this.signature = signature;
  }
}

interface Unreadable {
  readonly problem: string;
  /** It stays until the files, or their permissions, change. */
  readonly isLasting: boolean;
}

/** All files, or what is wrong with one of them. */
async function readAll({ files, problems }: Scan): Promise<readonly RuleFile[] | Unreadable> {
  const [problem] = problems;
  if (problem !== undefined) return { problem, isLasting: true };
  const read: RuleFile[] = [];
  let bytesLeft = allBytesMax;
  for (const file of files) {
    const bytes = await readOne(file, Math.min(fileBytesMax, bytesLeft));
    if ("problem" in bytes) return bytes;
    bytesLeft -= bytes.length;
    read.push({ name: file.name, text: decodeRuleFile(bytes) });
  }
  return read;
}

async function readOne({ name, path }: FoundFile, bytesMax: number): Promise<Buffer | Unreadable> {
  try {
    const file = await open(path);
    try {
      if ((await file.stat()).size > bytesMax) return tooLong(name);
      const bytes = await file.readFile();
      return bytes.length > bytesMax ? tooLong(name) : bytes;
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = codeOf(error);
    return { problem: `${name}: cannot be read (${code})`, isLasting: code === "EACCES" };
  }
}

function tooLong(name: string): Unreadable {
  return {
    problem: `${name}: too long; accepted: ${fileBytesMax} bytes in a file, ${allBytesMax} in all`,
    isLasting: true,
  };
}
