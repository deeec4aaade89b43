import { systemTimers } from "./clock.ts";
import type { Closers } from "./closers.ts";
import { loadRules } from "./limits/load.ts";
import type { RuleDocuments, RuleHolder, RuleSet } from "./limits/rule-set.ts";
import type { Metrics } from "./observe/metrics.ts";
import { NoRuleFileError, RuleLoader } from "./reload/rule-loader.ts";
import { scanRuntimeDirectory } from "./reload/scan.ts";
import { FileWatch } from "./reload/watch.ts";
import type { RuleSettings } from "./settings.ts";
import type { TlsSources } from "./tls/open.ts";
import type { World } from "./world.ts";

/** The rules, from where the settings say. */
export interface Rules extends RuleHolder {
  /** Shows what there is to know of their source. */
  addMetrics(metrics: Metrics): void;
  /**
   * Has the rules loaded, and again whenever they change.
   *
   * @throws VelocityGateError (rejects) `RULES_INVALID` when there is no rule file. Wrong rules can be mended while the service
   * waits, and an xDS server may come; a directory without any file is a wrong setting.
   */
  follow(closers: Closers): Promise<void>;
  /** Looks at the rule files, changed or not; or asks the xDS server anew, over a new connection. */
  reload(): Promise<void>;
}

/** They must not throw. */
export interface RuleCallbacks {
  /** Rules are in force. They are the ones that were when `isChanged` is false. */
  readonly onLoaded: (rules: RuleSet, isChanged: boolean, documents: RuleDocuments) => void;
  /** Rules were refused. Those that were in force, if any, still are. */
  readonly onRefused: () => void;
}

/** Nothing is loaded yet, and of the xDS client no code unless it is wanted. */
export async function createRules(
  settings: RuleSettings,
  world: World & { readonly tls: TlsSources },
  callbacks: RuleCallbacks,
): Promise<Rules> {
  if (settings.xds === undefined) return rulesFromFiles(settings, world, callbacks);
  const { rulesFromXds } = await import("./xds/rules-from-xds.ts");
  const { xds, mergeDomains } = settings;
  const tls = world.tls.get("xds");
  return rulesFromXds(xds, { ...world, ...callbacks, tls, mergeDomains, timers: systemTimers });
}

/** Makes rules of what another process found good. */
export async function createCompiler(
  settings: RuleSettings,
): Promise<(documents: RuleDocuments) => RuleSet> {
  const { mergeDomains, xds } = settings;
  const compileConfigs = xds && (await import("./xds/compile-configs.ts")).compileConfigs;
  return (documents) => {
    if (documents.kind === "files") return loadRules(documents.files, { mergeDomains });
    if (compileConfigs === undefined) throw new Error("rules of an xDS server came unasked");
    return compileConfigs(documents.resources, { mergeDomains });
  };
}

function rulesFromFiles(
  settings: RuleSettings,
  { log }: World,
  { onLoaded, onRefused }: RuleCallbacks,
): Rules {
  const loader = new RuleLoader({
    directory: settings,
    mergeDomains: settings.mergeDomains,
    mayBeEmpty: settings.forceStartWithoutInitialConfig,
    log,
    onLoaded: (rules, isChanged, files) => onLoaded(rules, isChanged, { kind: "files", files }),
    onRefused,
  });
  return {
    get current() {
      return loader.current;
    },
    addMetrics: () => undefined,
    async follow(closers) {
      const refusal = await loader.load();
      if (refusal instanceof NoRuleFileError) throw refusal;
      const scan = () => scanRuntimeDirectory(settings);
      const watch = await FileWatch.start({ what: "rules", scan, loader, log });
      closers.add(() => watch.close());
    },
    reload: async () => void (await loader.load()),
  };
}
