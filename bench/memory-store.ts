/** What a counter in memory costs: `node --expose-gc --import ./bench/typescript.js bench/memory-store.ts [counters]`. */
import { createMemoryStore } from "../src/counters/memory.ts";
import type { Increment } from "../src/decision/increment.ts";

const count = Number(process.argv[2] ?? 1_000_000);
const clock = { ms: 1_700_000_000_000, nowMs: () => clock.ms };

/** As `decision/key.ts` builds them, 40 characters each. */
function increment(i: number, window: number): Increment {
  const user = String(i).padStart(9, "0");
  return {
    key: `edge_client_id_user-${user}_${window}`,
    hits: 1,
    ttlSeconds: 60,
    perSecond: false,
  };
}

async function run(name: string, window: number): Promise<void> {
  let slowestMs = 0;
  const startMs = performance.now();
  for (let i = 0; i < count; i++) {
    const each = [increment(i, window)];
    const beforeMs = performance.now();
    await store.incrementAll(each);
    slowestMs = Math.max(slowestMs, performance.now() - beforeMs);
  }
  const us = ((performance.now() - startMs) * 1000) / count;
  process.stdout.write(
    `${name}: ${us.toFixed(2)} us each, the slowest ${slowestMs.toFixed(1)} ms\n`,
  );
}

function memory(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const emptyBytes = memory();
const store = createMemoryStore({ clock, keysMax: count });
const window = 1_700_000_000;
await run("new counters", window);
const bytes = (memory() - emptyBytes) / store.size;
const keyBytes = increment(0, window).key.length;
process.stdout.write(
  `${store.size} counters: ${bytes.toFixed(0)} bytes each, with keys of ${keyBytes} characters\n`,
);
await run("known counters", window);
clock.ms += 120_000;
await run("new counters while old ones expire", window + 120);
process.stdout.write(`${store.size} counters, ${store.evictions} evictions\n`);
