import { open } from "node:fs/promises";
import type { TlsFile, TlsFiles, TlsTexts } from "./tls-files.ts";

const pemBytesMax = 1_048_576;

/** The texts of the files, and a line for each that cannot be read. */
export interface TlsReading {
  readonly texts: TlsTexts;
  readonly problems: readonly string[];
}

/** Never rejects. */
export async function readTlsFiles({ cert, key, ca }: TlsFiles): Promise<TlsReading> {
  const problems: string[] = [];
  const texts = {
    cert: await readPem(cert, problems),
    key: await readPem(key, problems),
    ca: await readPem(ca, problems),
  };
  return { texts, problems };
}

async function readPem(file: TlsFile | undefined, problems: string[]): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const refuse = (reason: string): undefined => {
    problems.push(`${file.setting}: "${file.path}" ${reason}; accepted: a PEM file`);
  };
  try {
    const handle = await open(file.path);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) return refuse("is not a file");
      if (stats.size > pemBytesMax) return refuse(`is longer than ${pemBytesMax} bytes`);
      return await handle.readFile("utf8");
    } finally {
      await handle.close();
    }
  } catch (error) {
    return refuse(`cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown error"})`);
  }
}
