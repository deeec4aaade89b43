/**
 * `npm run fuzz:h2 -- --frames 10000000 --seed 1`: connections of the h2 engine in this process, with a random client whose frames are
 * mutated now and then. It ends with an error when the engine throws, owes a peer what it should not, or holds more and more memory;
 * the same seed gives the same run.
 */

import { parseArgs } from "node:util";
import { Fuzzer } from "../support/h2/fuzz.ts";

const { values } = parseArgs({
  options: {
    frames: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
  },
});
const frames = Number(values.frames);
const seed = Number(values.seed);
/** After the first of twenty portions, what is held may grow by this much. */
const growthBytesMax = 3 * 2 ** 20;

/** What is alive; the memory of dead buffers is freed a while after the collection that found them. */
async function heldBytes(): Promise<number> {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function main(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error("run with --expose-gc, or growth is not seen");
  const fuzzer = new Fuzzer(seed);
  const startMs = performance.now();
  let heldAtFirst = 0;
  for (let portion = 1; portion <= 20; portion += 1) {
    await fuzzer.run(frames / 20);
    const held = await heldBytes();
    heldAtFirst ||= held;
    const { connections, answers, errors } = fuzzer.counts;
    const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
    process.stdout.write(
      `seed ${seed}: ${fuzzer.counts.frames} frames, ${connections} connections (${errors} ended by an error of the client), ` +
        `${answers} answers, ${(held / 2 ** 20).toFixed(1)} MB held, ${seconds} s\n`,
    );
    if (held - heldAtFirst > growthBytesMax) throw new Error("what is held grows");
  }
  return 0;
}

process.exitCode = await main();
