import { afterEach } from "@jest/globals";
import type { RuleLoaderOptions } from "../../src/reload/rule-loader.ts";
import type { RuntimeDirectory } from "../../src/reload/scan.ts";
import { RuleWatch, type WatchOptions } from "../../src/reload/watch.ts";
import { type KeptLoader, keptLoader } from "./rule-directory.ts";

const watches: RuleWatch[] = [];
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
): Promise<KeptLoader & { readonly watch: RuleWatch }> {
  const kept = keptLoader(directory, loaderOptions);
  await kept.loader.load();
  const watch = await RuleWatch.start({
    directory,
    loader: kept.loader,
    log: kept.log,
    pollMs: never,
    quietMs: 10,
    ...options,
  });
  watches.push(watch);
  return { ...kept, watch };
}
