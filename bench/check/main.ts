import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { table } from "../report/text.ts";
import { buildService } from "../stage/build.ts";
import { enginesOf } from "../stage/velocitygate.ts";
import { accept, type Baseline, compare } from "./baseline.ts";
import { type Counts, countService } from "./counts.ts";
import { countLookups } from "./lookups.ts";

const baselinePath = join(import.meta.dirname, "baseline.json");

const usage = `npm run bench:check -- [--update]

Counts what a decision takes on the default engine, and fails when it is more than bench/check/baseline.json says. --update
accepts what is counted now.
`;

const args = process.argv.slice(2);
if (args.some((arg) => arg !== "--update")) {
  process.stderr.write(usage);
  process.exitCode = 2;
} else {
  const counts = await countAll();
  if (args.length > 0) update(counts);
  else check(counts);
}

async function countAll(): Promise<Counts> {
  const main = buildService();
  const [engine = ""] = enginesOf(main);
  return {
    ...(await countService(main, engine)),
    map_lookups_10_rules: countLookups(10),
    map_lookups_100000_rules: countLookups(100_000),
  };
}

function update(counts: Counts): void {
  writeFileSync(baselinePath, `${JSON.stringify(accept(counts), undefined, 2)}\n`);
  process.stdout.write(`written: ${baselinePath}\n`);
}

function check(counts: Counts): void {
  const baseline = JSON.parse(readFileSync(baselinePath, "utf8")) as Baseline;
  const { lines, failures, improvements } = compare(counts, baseline);
  process.stdout.write(table(lines));
  if (improvements.length > 0) {
    process.stdout.write(
      `\nLower than before: ${improvements.join(", ")}. «npm run bench:check -- --update» keeps it that way.\n`,
    );
  }
  if (failures.length === 0) return;
  process.stderr.write(
    `\nA decision takes more than it did: ${failures.join(", ")}. If that is meant, accept it with --update and say why.\n`,
  );
  process.exitCode = 1;
}
