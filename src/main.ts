#!/usr/bin/env -S node --enable-source-maps
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { announce } from "./announce.ts";
import type { App } from "./app.ts";
import { systemClock } from "./clock.ts";
import { VelocityGateError } from "./errors.ts";
import { exampleRules } from "./example-rules.ts";
import { logUnhandled } from "./log-unhandled.ts";
import { createLogger, type Logger } from "./observe/log.ts";
import { readSettings, type Settings } from "./settings.ts";

/** How long an orderly end may take beyond `SHUTDOWN_DELAY` and `SHUTDOWN_GRACE`. */
const exitMarginMs = 5_000;

const settings = withRules(settingsOrExit());
const log = createLogger(settings.log);
for (const warning of settings.warnings) log.warn(warning);
logUnhandled(log);
await run(settings, log);

/** Starts the service and ties it to the process's signals, which may come before it is up. */
async function run(settings: Settings, log: Logger): Promise<void> {
  const starting = start(settings, log);
  const stop = stopOnce(starting, settings, log);
  process.on("SIGHUP", () => void starting.then((app) => app.reload()));
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop(signal));

  let app: App;
  try {
    app = await starting;
  } catch (error) {
    if (!(error instanceof VelocityGateError)) throw error;
    endWith(error);
  }
  announce(app, settings, log);
  await app.working.catch((error: unknown) => {
    log.fatal("ended: the counters cannot be reached", { error });
    process.exit(1);
  });
}

/** One process loads no code for several, and the first of several none for what only the others do. */
async function start(settings: Settings, log: Logger): Promise<App> {
  const world = { log, clock: systemClock, random: Math.random };
  if (settings.workers === 1) return (await import("./app.ts")).startApp(settings, world);
  return (await import("./workers/primary.ts")).startWorkers(settings, world);
}

/** Ends the process in order at the first call, and at once at the second. */
function stopOnce(
  starting: Promise<App>,
  { shutdownDelayMs, shutdownGraceMs }: Settings,
  log: Logger,
): (signal: NodeJS.Signals) => void {
  let isStopping = false;
  return (signal) => {
    if (isStopping) {
      log.warn("stopped at once by a second signal", { signal });
      process.exit(1);
    }
    isStopping = true;
    // Who types Ctrl-C does not want to wait for Envoys.
    const delayMs = signal === "SIGINT" ? 0 : shutdownDelayMs;
    log.info("stopping", { signal, delayMs, graceMs: shutdownGraceMs });
    setTimeout(() => process.exit(1), delayMs + shutdownGraceMs + exitMarginMs).unref();
    starting
      .then(async (app) => {
        app.retire();
        await delay(delayMs);
        await app.stop();
      })
      .then(
        () => process.exit(0),
        (error: unknown) => {
          log.error("stopped, but not in order", { error });
          process.exit(1);
        },
      );
  };
}

function settingsOrExit(): Settings {
  try {
    return readSettings();
  } catch (error) {
    if (!(error instanceof VelocityGateError)) throw error;
    endWith(error);
  }
}

/** The example rules, when nobody said where the rules are and the usual place does not exist. */
function withRules(settings: Settings): Settings {
  const { rules } = settings;
  if (rules.xds !== undefined || rules.isConfigured) return settings;
  if (existsSync(rules.root) || !existsSync(exampleRules.root)) return settings;
  return { ...settings, rules: { ...rules, ...exampleRules } };
}

/** What is wrong is the operator's to mend: it is told plainly, and the exit code says so. */
function endWith(error: VelocityGateError): never {
  process.stderr.write(`velocitygate: ${error.message}\n`);
  process.exit(2);
}
