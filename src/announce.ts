import type { App } from "./app.ts";
import { exampleRules } from "./example-rules.ts";
import type { Log } from "./observe/log.ts";
import type { Settings } from "./settings.ts";

/**
 * Says that the service runs: to a person who tries it with the example rules, in plain text with a command to paste; to an
 * operator, as one line of the log.
 */
export function announce(app: App, settings: Settings, log: Log): void {
  if (settings.rules.root !== exampleRules.root) {
    // A warning like the reference's, so that it is there at the default level.
    log.warn("listening", {
      grpc: grpcAddress(app, settings),
      http: `${settings.http.host}:${app.httpPort}`,
      debug: `${settings.debug.host}:${app.debugPort}`,
      counters: app.counters,
      workers: settings.workers > 1 ? settings.workers : undefined,
      domains: app.rules?.domains.size ?? 0,
      limits: app.rules?.limitCount ?? 0,
    });
    return;
  }
  process.stdout.write(startText(app, settings));
}

function startText(app: App, settings: Settings): string {
  const domains = [...(app.rules?.domains.keys() ?? [])].join(", ");
  const port =
    app.grpcPort === undefined || app.grpcPort === 8081
      ? ""
      : ` --address localhost:${app.grpcPort}`;
  return `
VelocityGate is running.

  gRPC      ${grpcAddress(app, settings)}   envoy.service.ratelimit.v3.RateLimitService
  HTTP      http://localhost:${app.httpPort}   /json /healthcheck /metrics
  debug     http://localhost:${app.debugPort}   /rlconfig /stats
  counters  ${app.counters}${settings.workers > 1 ? `, by ${settings.workers} processes` : ""}
  rules     ${app.rules?.limitCount ?? 0} limits in ${exampleRules.root}/${exampleRules.appDirectory}: ${domains}

A login name may be tried twice a minute. Ask three times, in another terminal here:

  npx velocitygate ask --domain login user=alice --times 3${port}

`;
}

function grpcAddress({ grpcPort }: App, { grpc }: Settings): string {
  return "socketPath" in grpc.address
    ? grpc.address.socketPath
    : `${grpc.address.host}:${grpcPort ?? 0}`;
}
