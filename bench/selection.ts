import { type Fact, facts } from "./facts.ts";
import { type Scenario, scenarios } from "./scenarios.ts";

export interface Selection {
  readonly scenarios: readonly Scenario[];
  readonly facts: readonly Fact[];
  /** All there are, a line for each. */
  readonly list: string;
}

/**
 * The scenarios with these names, or all of a full or quick run.
 * @throws Error when a name is none
 */
export function selectScenarios(names: readonly string[], isQuick: boolean): Selection {
  const all = [...scenarios, ...facts];
  const list = all.map(({ name, title }) => `${name.padEnd(16)} ${title}`).join("\n");
  const unknown = names.filter((name) => !all.some((one) => one.name === name));
  if (unknown.length > 0) {
    throw new Error(`there is no scenario ${unknown.join(", ")}. These are there:\n${list}`);
  }
  const isWanted = (one: { readonly name: string; readonly isQuick: boolean }) =>
    names.length === 0 ? one.isQuick || !isQuick : names.includes(one.name);
  return { scenarios: scenarios.filter(isWanted), facts: facts.filter(isWanted), list };
}
