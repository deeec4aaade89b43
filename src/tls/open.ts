import type { Clock } from "../clock.ts";
import type { Closers } from "../closers.ts";
import { VelocityGateError } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import { scanFiles } from "../reload/scan-files.ts";
import { FileWatch, type WatchOptions } from "../reload/watch.ts";
import { TlsFileSource } from "./file-source.ts";
import type { TlsFiles, TlsSettings, TlsUse } from "./tls-files.ts";

/** What is in force for each use that there is. */
export type TlsSources = ReadonlyMap<TlsUse, TlsFileSource>;

/**
 * Reads the files of all uses, and again whenever they change, until the closers are called.
 *
 * @param patience how changes are waited for, where it is not as usual
 * @throws VelocityGateError (rejects) `SETTINGS_INVALID`, with a line for each thing that is wrong with the files
 */
export async function openTls(
  settings: TlsSettings,
  { log, clock }: { readonly log: Log; readonly clock: Clock },
  closers: Closers,
  patience: Pick<WatchOptions, "pollMs" | "quietMs" | "burstMsMax"> = {},
): Promise<TlsSources> {
  const sources = new Map<TlsUse, TlsFileSource>();
  const problems: string[] = [];
  for (const [use, files] of Object.entries(settings) as [TlsUse, TlsFiles][]) {
    const source = new TlsFileSource({ use, files, log, clock });
    closers.add(() => source.close());
    problems.push(...(await source.open()));
    sources.set(use, source);
  }
  if (problems.length > 0) {
    throw new VelocityGateError(
      "SETTINGS_INVALID",
      ["TLS files are wrong:", ...problems.map((problem) => `  ${problem}`)].join("\n"),
    );
  }
  for (const source of sources.values()) {
    const scan = () => scanFiles(source.paths);
    const watch = await FileWatch.start({
      what: "TLS files",
      scan,
      loader: source,
      log,
      ...patience,
    });
    closers.add(() => watch.close());
  }
  return sources;
}

/** Reads the files of all uses again. */
export async function reloadTls(sources: TlsSources): Promise<void> {
  await Promise.all([...sources.values()].map((source) => source.load()));
}
