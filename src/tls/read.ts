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
  const read = await Promise.all([cert, key, ca].map(readPem));
  const [certText, keyText, caText] = read.map((one) => one?.text);
  const texts = { cert: certText, key: keyText, ca: caText };
  return { texts, problems: read.flatMap((one) => one?.problem ?? []) };
}

interface ReadPem {
  readonly text?: string;
  readonly problem?: string;
}

async function readPem(file: TlsFile | undefined): Promise<ReadPem | undefined> {
  if (file === undefined) return undefined;
  const refuse = (reason: string): ReadPem => ({
    problem: `${file.setting}: "${file.path}" ${reason}; accepted: a PEM file`,
  });
  try {
    const handle = await open(file.path);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) return refuse("is not a file");
      if (stats.size > pemBytesMax) return refuse(`is longer than ${pemBytesMax} bytes`);
      return { text: await handle.readFile("utf8") };
    } finally {
      await handle.close();
    }
  } catch (error) {
    return refuse(`cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown error"})`);
  }
}
