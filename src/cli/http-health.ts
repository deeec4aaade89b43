import { get } from "node:http";
import type { HostAndPort } from "../settings/setting.ts";

/** @throws Error (rejects) that says why `/healthcheck` did not answer 200 within `timeoutMs` */
export function askHttpHealth({ host, port }: HostAndPort, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const where = { host: reachable(host), port, path: "/healthcheck", timeout: timeoutMs };
    const call = get(where, (response) => {
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
