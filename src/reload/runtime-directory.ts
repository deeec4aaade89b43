import { open } from "node:fs/promises";
import { VelocityGateError } from "../errors.ts";
import { decodeRuleFile } from "../limits/decode-rule-file.ts";
import type { RuleFile } from "../limits/rule-set.ts";
import {
  codeOf,
  type FoundFile,
  filesMax,
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
const attemptsMax = 20;

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
      if (typeof reading === "string") throw new RulesUnreadableError(reading, after.signature);
      return { files: reading, signature: after.signature };
    }
    before = after;
  }
  throw new RulesUnreadableError("the rule files kept changing while they were read", undefined);
}

/** The files could not be read. */
export class RulesUnreadableError extends VelocityGateError {
  /** Of the scan that was judged; `undefined` when there was none that held. */
  readonly signature: string | undefined;

  constructor(message: string, signature: string | undefined) {
    super("RULES_INVALID", message);
    this.signature = signature;
  }
}

/** All files, or what is wrong with one of them. */
async function readAll({ files, problems }: Scan): Promise<readonly RuleFile[] | string> {
  const [problem] = problems;
  if (problem !== undefined) return problem;
  if (files.length > filesMax) return `there are more than ${filesMax} rule files`;
  const read: RuleFile[] = [];
  let bytesLeft = allBytesMax;
  for (const file of files) {
    const bytes = await readOne(file, Math.min(fileBytesMax, bytesLeft));
    if (typeof bytes === "string") return bytes;
    bytesLeft -= bytes.length;
    read.push({ name: file.name, text: decodeRuleFile(bytes) });
  }
  return read;
}

async function readOne({ name, path }: FoundFile, bytesMax: number): Promise<Buffer | string> {
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
    return `${name}: cannot be read (${codeOf(error)})`;
  }
}

function tooLong(name: string): string {
  return `${name}: too long; accepted: ${fileBytesMax} bytes in a file, ${allBytesMax} in all`;
}
