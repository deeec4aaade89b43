import { afterEach } from "@jest/globals";
import type { RuleLoaderOptions } from "../../src/reload/rule-loader.ts";
import { type RuntimeDirectory, scanRuntimeDirectory } from "../../src/reload/scan.ts";
import { FileWatch, type WatchOptions } from "../../src/reload/watch.ts";
import { type KeptLoader, keptLoader } from "./rule-directory.ts";

const watches: FileWatch[] = [];
afterEach(async () => {
  for (const watch of watches.splice(0)) await watch.close();
});

/** So long that a test which passes was told of the change by the kernel. */
const never = 3_600_000;

/** A loader that has loaded once, and a watch that keeps it up to date; ended after the test. */
export async function startWatch(
  directory: RuntimeDirectory,
  options: Partial<WatchOptions> = {},
  loaderOptions: Partial<RuleLoaderOptions> = {},
): Promise<KeptLoader & { readonly watch: FileWatch }> {
  const kept = keptLoader(directory, loaderOptions);
  await kept.loader.load();
  const watch = await FileWatch.start({
    what: "rules",
    scan: () => scanRuntimeDirectory(directory),
    loader: kept.loader,
    log: kept.log,
    pollMs: never,
    quietMs: 10,
    ...options,
  });
  watches.push(watch);
  return { ...kept, watch };
}
