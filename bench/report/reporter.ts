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

  /** The medians of a scenario, with the range over the rounds where it says how far to trust them. */
  finished(rows: readonly Row[]): void {
    if (rows.length === 0) return;
    this.#write(`\n${table([heads, ...rows.map((row, i) => cells(row, firstOf(rows, i)))])}\n`);
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

const heads = [
  ...["load, server", "CPU us/call", "(range)", "x first", "Redis us", "calls/s"],
  ...[
    "p50 ms",
    "p99",
    "p99.9",
    ">20 ms",
    "commands",
    "bytes to/from Redis",
    "writes",
    "generator us",
  ],
];

/** The first row of the same load: the default engine, that others are compared with. */
function firstOf(rows: readonly Row[], at: number): Row | undefined {
  return rows.find(({ load }) => load === rows[at]?.load);
}

function cells(row: Row, first: Row | undefined): string[] {
  const of = (measure: string) => short(median(row, measure));
  const [low, high] = range(row, "server_cpu_us");
  const factor = first && median(row, "server_cpu_us") / median(first, "server_cpu_us");
  const hasRedis = row.rounds.some((figures) => "redis_commands" in figures);
  return [
    `${row.load} ${row.server}`,
    of("server_cpu_us"),
    `${short(low)}-${short(high)}`,
    factor === undefined ? "" : short(factor),
    hasRedis ? of("redis_cpu_us") : "",
    of("calls_per_second"),
    of("p50_ms"),
    of("p99_ms"),
    of("p999_ms"),
    percent(median(row, "late_share")),
    hasRedis ? of("redis_commands") : "",
    hasRedis ? `${of("redis_bytes_in")}/${of("redis_bytes_out")}` : "",
    of("server_writes"),
    of("generator_cpu_us"),
  ];
}
