import type { Timers } from "../clock.ts";
import type { LoadOptions } from "../limits/load.ts";
import type { RuleCallbacks, Rules } from "../open-rules.ts";
import type { TlsSource } from "../tls/source.ts";
import type { World } from "../world.ts";
import { XdsClient } from "./client.ts";
import { compileConfigs } from "./compile-configs.ts";
import { createOpenStream } from "./grpc-js-stream.ts";
import type { XdsSettings } from "./xds-settings.ts";

interface Parts extends LoadOptions, RuleCallbacks, World {
  readonly timers: Timers;
  /** There is one where the settings say that TLS is used. */
  readonly tls: TlsSource | undefined;
}

/** The rules that an xDS server gives. */
export function rulesFromXds(settings: XdsSettings, parts: Parts): Rules {
  const { target, nodeId, nodeMetadata, backoff } = settings;
  const client = new XdsClient({
    ...parts,
    backoff,
    server: target,
    node: {
      id: nodeId,
      metadata: nodeMetadata.size === 0 ? undefined : Object.fromEntries(nodeMetadata),
    },
    compile: (resources) => compileConfigs(resources, parts),
    open: createOpenStream(settings, parts.tls),
  });
  return {
    get current() {
      return client.current;
    },
    addMetrics(metrics) {
      metrics.gauge({
        name: "velocitygate_xds_connected",
        help: "1 while there is a connection to the xDS server, else 0.",
        read: () => Number(client.isConnected),
      });
      metrics.counter({
        name: "velocitygate_xds_connections_total",
        help: "Connections to the xDS server since the start.",
        read: () => client.connections,
      });
    },
    // The server may come later, and the service tells its health meanwhile.
    async follow(closers) {
      parts.log.info("rules come from an xDS server", { server: target, nodeId });
      client.restart();
      closers.add(() => client.close());
    },
    reload: async () => client.restart(),
  };
}
