import { medians, type Row } from "../figures.ts";
import type { Environment } from "../measure/environment.ts";
import type { Options } from "../options.ts";

export interface Results {
  readonly environment: Environment;
  readonly options: Options;
  readonly rows: readonly Row[];
  /** What did not take place, and why. */
  readonly notes: readonly string[];
}

/** The run as JSON: the medians first, then every round. Values that mean nothing are null. */
export function resultsFile({ environment, options, rows, notes }: Results): string {
  const { rounds, seconds, users, seed } = options;
  const withMedians = rows.map((row) => ({
    scenario: row.scenario,
    load: row.load,
    server: row.server,
    medians: rounded(medians(row)),
    rounds: row.rounds.map(rounded),
  }));
  const file = { environment, options: { rounds, seconds, users, seed }, notes, rows: withMedians };
  return `${JSON.stringify(file, undefined, 1)}\n`;
}

function rounded(figures: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, Number(value.toPrecision(5))]),
  );
}
