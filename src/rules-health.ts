import type { Timers } from "./clock.ts";
import type { Health } from "./health.ts";
import type { RuleSet } from "./limits/rule-set.ts";
import type { RuleSettings } from "./settings.ts";

/**
 * With `FORCE_START_WITHOUT_INITIAL_CONFIG` the service becomes healthy without rules of the xDS server, but not before the server had
 * time to give some: else each new instance of a fleet would fail the calls of its first moments.
 */
export const rulesAwaitedMs = 5_000;

/**
 * Sets the part `rules` of health: whether rules came that count as such.
 *
 * @returns is to be told of the rules in force
 */
export function followRulesHealth(
  health: Pick<Health, "set">,
  settings: RuleSettings,
  timers: Timers,
): (rules: RuleSet) => void {
  const { xds, forceStartWithoutInitialConfig, healthyWithAtLeastOneConfig } = settings;
  const mayLack = xds !== undefined && forceStartWithoutInitialConfig;
  const cancel =
    mayLack && !healthyWithAtLeastOneConfig
      ? timers.after(rulesAwaitedMs, () => health.set("rules", true))
      : undefined;
  return ({ domains }) => {
    cancel?.();
    health.set("rules", !healthyWithAtLeastOneConfig || domains.size > 0);
  };
}
