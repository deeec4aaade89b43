/** The program of a worker, which the primary starts with its number. */
import { systemClock } from "../clock.ts";
import { logUnhandled } from "../log-unhandled.ts";
import { createLogger } from "../observe/log.ts";
import { readSettings } from "../settings.ts";
import type { ToWorker } from "./messages.ts";
import { type Primary, runWorker } from "./worker.ts";

const settings = readSettings();
const log = createLogger({ ...settings.log, worker: Number(process.argv[2]) });
logUnhandled(log);
// A terminal and a service manager tell all processes at once; the primary says what follows from it.
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => undefined);

const primary: Primary = {
  tell: (message) =>
    new Promise((resolve) => {
      // Without a primary this process is about to end anyway.
      process.send?.(message, undefined, undefined, () => resolve());
    }),
  onMessage: (listener) => void process.on("message", (message) => listener(message as ToWorker)),
};
const world = { log, clock: systemClock, random: Math.random };
try {
  process.exit(await runWorker(settings, world, primary));
} catch (error) {
  log.fatal("ended by an error", { error });
  process.exit(1);
}
