import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runFacts } from "./facts.ts";
import type { Row } from "./figures.ts";
import { Generator } from "./load/generator.ts";
import { environment } from "./measure/environment.ts";
import { type Options, parseOptions, usage } from "./options.ts";
import { drawChart } from "./report/chart.ts";
import { Reporter } from "./report/reporter.ts";
import { resultsFile } from "./report/results.ts";
import { type Bench, runScenario } from "./rounds.ts";
import { selectScenarios } from "./selection.ts";
import { buildService } from "./stage/build.ts";
import { enginesOf } from "./stage/velocitygate.ts";

const resultsFolder = join(import.meta.dirname, "results");

await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  if (args.includes("--help") || args.includes("--list")) {
    process.stdout.write(args.includes("--help") ? usage : `${selectScenarios([], false).list}\n`);
    return;
  }
  let options: Options;
  try {
    options = parseOptions(args, process.env);
    selectScenarios(options.names, options.isQuick);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    process.exitCode = 2;
    return;
  }
  await bench(options);
}

async function bench(options: Options): Promise<void> {
  const write = (text: string) => void process.stdout.write(text);
  const about = environment();
  write(
    `${about.commit}, Node ${about.node}, Redis ${about.redis}, ${about.cores} cores of ${about.cpu}\n`,
  );
  const main = buildService();
  const contest = { main, engines: enginesOf(main), rivals: options.rivals };
  const reporter = new Reporter(write, options.rounds);
  const generator = await Generator.start();
  const run: Bench = { options, contest, generator, reporter };
  const rows: Row[] = [];
  const { scenarios, facts } = selectScenarios(options.names, options.isQuick);
  try {
    for (const scenario of scenarios) {
      reporter.scenario(scenario.name, scenario.title);
      const measured = await runScenario(scenario, run);
      reporter.finished(measured);
      rows.push(...measured);
    }
    for (const fact of facts) {
      reporter.scenario(fact.name, fact.title);
      const measured = await runFacts(fact, run);
      reporter.facts(measured);
      rows.push(...measured);
    }
  } finally {
    generator.stop();
  }
  mkdirSync(resultsFolder, { recursive: true });
  const path = join(resultsFolder, about.date.replaceAll(":", "-").replace(/\.\d+Z$/, ""));
  writeFileSync(
    `${path}.json`,
    resultsFile({ environment: about, options, rows, notes: reporter.notes }),
  );
  writeFileSync(`${path}.svg`, drawChart(rows, about));
  write(`written: ${path}.json and .svg\n`);
}
