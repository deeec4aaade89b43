import { type Counted, limitFigures, serviceFigures } from "./figures.ts";
import { fullKey, limitCounters } from "./limit-families.ts";
import type { LimitRow } from "./limit-table.ts";

/** All counts by the reference's internal names (F.1), one line each, ordered by name. */
export function statsPage(counted: Counted): string {
  const lines: string[] = [];
  for (const { name, value } of serviceFigures(counted)) lines.push(line(name, value));
  const byKey = new Map<string, LimitRow["stats"][]>();
  for (const { name, stats } of counted.limits) {
    const key = fullKey(name);
    byKey.set(key, [...(byKey.get(key) ?? []), stats]);
  }
  for (const [key, all] of byKey) {
    for (const { stat, name } of limitCounters) {
      const total = all.reduce((sum, stats) => sum + stats[stat], 0);
      lines.push(line(`${limitFigures}${key}.${name}`, total));
    }
  }
  return lines.sort(byCodeUnits).join("");
}

/** What there is now, one line each: what is not counted but measured. */
export function gaugesPage(counted: Counted): string {
  return [...serviceFigures(counted)]
    .filter(({ kind }) => kind === "gauge")
    .map(({ name, value }) => line(name, value))
    .join("");
}

function line(name: string, value: number): string {
  return `${onOneLine(name)}: ${value}\n`;
}

/** A value with a line break must not make a line of its own. */
function onOneLine(text: string): string {
  return text.toWellFormed().replace(/\p{Cc}/gu, "\uFFFD");
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
