// Sends a message every `tickMs`, which may be a fraction: a thread that sleeps on a lock wakes up within some microseconds.
import { parentPort, workerData } from "node:worker_threads";

const lock = new Int32Array(new SharedArrayBuffer(4));
let dueMs = performance.now();
for (;;) {
  dueMs = Math.max(dueMs + workerData.tickMs, performance.now());
  Atomics.wait(lock, 0, 0, dueMs - performance.now());
  parentPort.postMessage(0);
}
