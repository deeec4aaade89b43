// Loaded into a server before its own code (`node --import`), to look at it from within. It answers the messages of its parent.
import { writeFileSync } from "node:fs";
import { Session } from "node:inspector";
import { PerformanceObserver } from "node:perf_hooks";
import { promisify } from "node:util";
import { getHeapStatistics } from "node:v8";

const session = new Session();
session.connect();
const post = promisify(session.post.bind(session));

let collections = 0;
new PerformanceObserver((list) => {
  collections += list.getEntries().length;
}).observe({ entryTypes: ["gc"] });

const sampledEveryUs = 200;
const sampledEveryBytes = 4096;

const actions = {
  async startProfile() {
    await post("Profiler.enable");
    await post("Profiler.setSamplingInterval", { interval: sampledEveryUs });
    await post("Profiler.start");
  },
  async stopProfile({ path }) {
    const { profile } = await post("Profiler.stop");
    writeFileSync(path, JSON.stringify(profile));
  },
  async startAllocations() {
    await post("HeapProfiler.startSampling", {
      samplingInterval: sampledEveryBytes,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
  },
  async stopAllocations({ path }) {
    const { profile } = await post("HeapProfiler.stopSampling");
    writeFileSync(path, JSON.stringify(profile));
  },
  /** Bytes in use; as long as nothing is collected, growth is what was allocated. */
  async memory() {
    // A collection is told of in a later turn.
    await new Promise((resolve) => setTimeout(resolve, 10));
    const heap = getHeapStatistics().used_heap_size;
    return { heap, external: process.memoryUsage().external, collections };
  },
  async collect() {
    globalThis.gc();
  },
};

process.on("message", async ({ action, ...details }) => {
  try {
    process.send({ answer: (await actions[action](details)) ?? null });
  } catch (error) {
    process.send({ error: String(error) });
  }
});
// The server ends when it wants to, whoever is still there to listen.
process.channel.unref();
