import type { Counts } from "./counts.ts";

/** What a count was when it was last accepted, and how far it may rise above that. */
export interface Accepted {
  readonly value: number;
  /** As a share of the value: 0.1 allows a tenth more. */
  readonly tolerance: number;
}

export type Baseline = Readonly<Record<string, Accepted>>;

export interface Comparison {
  /** A line for each count. */
  readonly lines: readonly (readonly string[])[];
  /** Names of those that rose too far, are not there any more, or have no baseline. */
  readonly failures: readonly string[];
  /** Names of those that fell so far that the baseline should be lowered. */
  readonly improvements: readonly string[];
}

/** Heap bytes depend on what V8 inlines; system calls on other threads of Node. Everything else is exact but for digits of counts. */
function toleranceOf(name: string): number {
  if (name.includes("heap")) return 0.15;
  return name.includes("writes") ? 0.25 : 0.05;
}

export function compare(counts: Counts, baseline: Baseline): Comparison {
  const lines: (readonly string[])[] = [["per decision", "accepted", "now", ""]];
  const failures: string[] = [];
  const improvements: string[] = [];
  const names = new Set([...Object.keys(baseline), ...Object.keys(counts)]);
  for (const name of names) {
    const accepted = baseline[name];
    const now = counts[name];
    let verdict = "";
    if (accepted === undefined || now === undefined) {
      verdict = now === undefined ? "not counted any more" : "has no baseline";
      failures.push(name);
    } else if (now > accepted.value * (1 + accepted.tolerance)) {
      verdict = `more than ${Math.round(accepted.tolerance * 100)} % above`;
      failures.push(name);
    } else if (now < accepted.value * (1 - accepted.tolerance)) {
      verdict = "lower";
      improvements.push(name);
    }
    lines.push([name, show(accepted?.value), show(now), verdict]);
  }
  return { lines, failures, improvements };
}

/** The counts as a baseline for later. */
export function accept(counts: Counts): Baseline {
  return Object.fromEntries(
    Object.entries(counts).map(([name, value]) => [
      name,
      { value: Number(value.toPrecision(4)), tolerance: toleranceOf(name) },
    ]),
  );
}

function show(value: number | undefined): string {
  return value === undefined ? "-" : String(Number(value.toPrecision(4)));
}
