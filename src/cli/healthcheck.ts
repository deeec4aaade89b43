/**
 * The image's HEALTHCHECK: exit code 0 when `/healthcheck` on the service's own port answers 200, else 1 and why. A program of its
 * own, as the image has neither a shell nor curl. It reads the same settings as the service, so it finds the port that was set.
 */
import { readSettings } from "../settings.ts";
import { askHttpHealth } from "./http-health.ts";

/** Below the `--timeout` of the image, so that the reason is told. */
const timeoutMs = 2_000;

try {
  await askHttpHealth(readSettings().http, timeoutMs);
} catch (error) {
  process.stderr.write(`unhealthy: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
