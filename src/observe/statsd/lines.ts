import { wayOf } from "../add-up.ts";
import { type Figure, serviceFigures } from "../figures.ts";
import { Growth } from "../growth.ts";
import type { LimitRow } from "../limit-table.ts";
import type { Metrics } from "../metrics.ts";
import type { LineWriter } from "./line.ts";
import type { Timings } from "./timings.ts";

/** After how many limits other work may come in between: half a millisecond's, when all of them were hit. */
const limitsAtATime = 256;

export interface LineSources {
  readonly metrics: Metrics;
  readonly timings: Timings;
  readonly writer: LineWriter;
}

/**
 * What one process has to send: by how much its counters have grown, how long its calls took, and what there is now. Several workers
 * of one service each send what they counted, which the receiver adds up; what there is now it would not add up, and what all of them
 * count alike it should not: those are left to the primary (`isWorker`).
 */
export function createLines(
  { metrics, timings, writer }: LineSources,
  isWorker: boolean,
): () => Iterable<readonly string[]> {
  const growth = new Growth();
  return function* lines() {
    const { counted } = metrics;
    const some: string[] = [];
    for (const { name, value } of growth.ofService(counted)) {
      if (!isWorker || wayOf(name) === "sum") some.push(writer.write(name, "c", value));
    }
    if (!isWorker) some.push(...gaugeLines(serviceFigures(counted), writer));
    yield some;
    for (const { method, milliseconds, count } of timings.take()) {
      yield [
        ...writer.writeTimings(`ratelimit_server.${method}.response_time`, milliseconds, count),
      ];
    }
    yield* limitLines(counted.limits, growth, writer);
  };
}

function* limitLines(
  rows: Iterable<LimitRow>,
  growth: Growth,
  writer: LineWriter,
): Iterable<readonly string[]> {
  let some: string[] = [];
  let limits = 0;
  for (const row of rows) {
    for (const { name, value } of growth.ofLimit(row)) some.push(writer.write(name, "c", value));
    limits += 1;
    if (limits % limitsAtATime > 0) continue;
    yield some;
    some = [];
  }
  yield some;
}

/** What there is now, of figures of which some were counted. */
export function gaugeLines(figures: Iterable<Figure>, writer: LineWriter): string[] {
  const lines: string[] = [];
  for (const { name, kind, value } of figures) {
    if (kind === "gauge") lines.push(writer.write(name, "g", value));
  }
  return lines;
}
