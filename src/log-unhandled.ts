import type { Log } from "./observe/log.ts";

/** From here on an error that nobody handled is logged and no more: a bug in one request must not take down the others'. */
export function logUnhandled(log: Log): void {
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => log.error("an error nobody handled", { event, error }));
  }
}
