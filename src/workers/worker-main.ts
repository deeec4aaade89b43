/** The program of a worker, which the primary starts with its number. */
import { systemClock } from "../clock.ts";
import { logUnhandled } from "../log-unhandled.ts";
import { createLogger } from "../observe/log.ts";
import { readSettings } from "../settings.ts";
import { primaryChannel } from "./primary-channel.ts";
import { runWorker } from "./worker.ts";

const settings = readSettings();
const log = createLogger({ ...settings.log, worker: Number(process.argv[2]) });
logUnhandled(log);
// A terminal and a service manager tell all processes at once; the primary says what follows from it.
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => undefined);
// Without the primary there are no connections, and nobody would end this process.
process.on("disconnect", () => process.exit(1));
// It may have gone while this program was being loaded: nobody hears of that any more.
if (!process.connected) process.exit(1);

const world = { log, clock: systemClock, random: Math.random };
try {
  process.exit(await runWorker(settings, world, primaryChannel()));
} catch (error) {
  log.fatal("ended by an error", { error });
  process.exit(1);
}
