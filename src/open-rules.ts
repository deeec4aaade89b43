import type { Closers } from "./closers.ts";
import type { Log } from "./observe/log.ts";
import { NoRuleFileError, RuleLoader, type RuleLoaderOptions } from "./reload/rule-loader.ts";
import { scanRuntimeDirectory } from "./reload/scan.ts";
import { FileWatch } from "./reload/watch.ts";
import type { RuleSettings } from "./settings.ts";

/** A loader of the rule files that the settings name. It has loaded nothing yet. */
export function createRuleLoader(
  settings: RuleSettings,
  log: Log,
  callbacks: Pick<RuleLoaderOptions, "onLoaded" | "onRefused">,
): RuleLoader {
  return new RuleLoader({
    directory: settings,
    mergeDomains: settings.mergeDomains,
    mayBeEmpty: settings.forceStartWithoutInitialConfig,
    log,
    ...callbacks,
  });
}

/**
 * Loads the rules for the first time, and again whenever their files change.
 *
 * @throws VelocityGateError (rejects) `RULES_INVALID` when there is no rule file. Wrong rules can be mended while the service waits; a
 * directory without any is a wrong setting.
 */
export async function followRules(
  loader: RuleLoader,
  settings: RuleSettings,
  log: Log,
  closers: Closers,
): Promise<void> {
  const refusal = await loader.load();
  if (refusal instanceof NoRuleFileError) throw refusal;
  const scan = () => scanRuntimeDirectory(settings);
  const watch = await FileWatch.start({ what: "rules", scan, loader, log });
  closers.add(() => watch.close());
}
