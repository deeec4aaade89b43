/**
 * The image's HEALTHCHECK: exit code 0 when `/healthcheck` on the service's own port answers 200, else 1 and why. A program of its
 * own, as the image has neither a shell nor curl. It reads the same settings as the service, so it finds the port that was set.
 */
import { get } from "node:http";
import { readSettings } from "../settings.ts";

/** Below the `--timeout` of the image, so that the reason is told. */
const timeoutMs = 2_000;

try {
  const { host, port } = readSettings().http;
  await check(reachable(host), port);
} catch (error) {
  process.stderr.write(`unhealthy: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

function check(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = get({ host, port, path: "/healthcheck", timeout: timeoutMs }, (response) => {
      response.resume();
      if (response.statusCode === 200) resolve();
      else reject(new Error(`/healthcheck answered ${response.statusCode}`));
    });
    call.on("timeout", () => call.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    call.on("error", reject);
  });
}

/** An address that stands for all of them can be listened on, not called. */
function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
