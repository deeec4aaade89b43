import { median, type Row, range } from "../figures.ts";
import type { Scenario } from "../scenarios.ts";
import { percent, short, table } from "./text.ts";

/** Tells how the run goes, line by line, and keeps what did not take place. */
export class Reporter {
  readonly notes: string[] = [];
  readonly #write: (text: string) => void;
  readonly #rounds: number;

  constructor(write: (text: string) => void, rounds: number) {
    this.#write = write;
    this.#rounds = rounds;
  }

  scenario(name: string, title: string): void {
    this.#write(`\n${name}: ${title}\n`);
  }

  absent({ name: scenario }: Pick<Scenario, "name">, server: string, reason: string): void {
    const note = `${scenario}: ${server} takes no part: ${reason}`;
    this.notes.push(note);
    this.#write(`  ${note}\n`);
  }

  warmingUp(server: string): void {
    this.#write(`  warming up ${server}\n`);
  }

  /** The last round of the row has just been measured. */
  measured(row: Row, round: number): void {
    const last = { rounds: row.rounds.slice(-1) };
    const of = (measure: string) => short(median(last, measure));
    this.#write(
      `  ${round + 1}/${this.#rounds} ${row.load.padEnd(6)} ${row.server.padEnd(20)} ` +
        `${of("server_cpu_us")} us a call, Redis ${of("redis_cpu_us")}, ${of("calls_per_second")}/s, ` +
        `p50 ${of("p50_ms")} p99 ${of("p99_ms")} ms; others used ${percent(median(last, "foreign_share"))} of the machine\n`,
    );
  }

  /** The medians of a scenario: what a call costs, then how long it takes where calls come whether or not others are answered. */
  finished(rows: readonly Row[]): void {
    const open = rows.filter(isOpen);
    const closed = rows.filter((row) => !open.includes(row));
    if (closed.length > 0) {
      const lines = closed.map((row) => costCells(row, firstOf(closed, row)));
      this.#write(`\n${table([costHeads, ...lines])}\n`);
    }
    if (open.length > 0) {
      const lines = open.map((row) => latencyCells(row, firstOf(open, row)));
      this.#write(`\n${table([latencyHeads, ...lines])}\n`);
    }
  }

  facts(rows: readonly Row[]): void {
    const measures = [...new Set(rows.flatMap(({ rounds }) => Object.keys(rounds[0] ?? {})))];
    const lines = rows.map((row) => [
      `${row.server} ${row.load}`,
      ...measures.map((measure) => {
        const [low, high] = range(row, measure);
        return row.rounds.some((figures) => measure in figures)
          ? `${short(median(row, measure))} (${short(low)}-${short(high)})`
          : "";
      }),
    ]);
    this.#write(`\n${table([["", ...measures], ...lines])}\n`);
  }
}

/** The generator makes calls when they are due, and says how late it was itself. */
function isOpen(row: Row): boolean {
  return median(row, "lag_p99_ms") > 0;
}

/** The first row of the same load: the default engine, that others are compared with. */
function firstOf(rows: readonly Row[], { load }: Row): Row | undefined {
  return rows.find((row) => row.load === load);
}

const costHeads = [
  ...["load, server", "CPU us/call", "(range)", "x first", "Redis us", "calls/s", "p50 ms", "p99"],
  ...["commands", "bytes to/from Redis", "writes", "generator us"],
];

function costCells(row: Row, first: Row | undefined): string[] {
  const of = (measure: string) => short(median(row, measure));
  const hasRedis = row.rounds.some((figures) => "redis_commands" in figures);
  return [
    `${row.load} ${row.server}`,
    of("server_cpu_us"),
    rangeOf(row, "server_cpu_us"),
    factorOf(row, first, "server_cpu_us"),
    hasRedis ? of("redis_cpu_us") : "",
    of("calls_per_second"),
    of("p50_ms"),
    of("p99_ms"),
    hasRedis ? of("redis_commands") : "",
    hasRedis ? `${of("redis_bytes_in")}/${of("redis_bytes_out")}` : "",
    of("server_writes"),
    of("generator_cpu_us"),
  ];
}

const latencyHeads = [
  ...[
    "rate, server",
    "p50 ms",
    "(range)",
    "x first",
    "p99",
    "(range)",
    "x first",
    "p99.9",
    "(range)",
  ],
  ...[">20 ms", "CPU us/call", "Redis us", "lag p50/p99"],
];

function latencyCells(row: Row, first: Row | undefined): string[] {
  const of = (measure: string) => short(median(row, measure));
  return [
    `${row.load} ${row.server}`,
    of("p50_ms"),
    rangeOf(row, "p50_ms"),
    factorOf(row, first, "p50_ms"),
    of("p99_ms"),
    rangeOf(row, "p99_ms"),
    factorOf(row, first, "p99_ms"),
    of("p999_ms"),
    rangeOf(row, "p999_ms"),
    percent(median(row, "late_share")),
    of("server_cpu_us"),
    of("redis_cpu_us"),
    `${of("lag_p50_ms")}/${of("lag_p99_ms")}`,
  ];
}

function rangeOf(row: Row, measure: string): string {
  const [low, high] = range(row, measure);
  return `${short(low)}-${short(high)}`;
}

function factorOf(row: Row, first: Row | undefined, measure: string): string {
  return first === undefined ? "" : short(median(row, measure) / median(first, measure));
}
