import { boolean, duration, integer, map, number, text } from "../setting.ts";

const unused = "No effect, as in the reference: XDS_CLIENT_BACKOFF_* say how long to wait.";

/** How rules are had from an xDS server, with `CONFIG_TYPE=GRPC_XDS_SOTW`. */
export const xds = {
  CONFIG_GRPC_XDS_NODE_ID: text(
    "default",
    "The node id, by which the server chooses what it sends.",
  ),
  CONFIG_GRPC_XDS_NODE_METADATA: text("", "Metadata of the node: `key=value` between commas."),
  CONFIG_GRPC_XDS_SERVER_URL: text(
    "localhost:18000",
    "The server, as gRPC writes it: `host:port`, `dns:///host:port`, `unix:/path`.",
    {
      accepted: "a gRPC target: host:port, dns:///host:port, ipv4:…, ipv6:…, unix:/path",
      matches: /^(?![a-zA-Z][\w+.-]*:\/\/)\S+$|^(?:dns|passthrough|unix):\/\/\S+$/,
    },
  ),
  CONFIG_GRPC_XDS_SERVER_CONNECT_RETRY_INTERVAL: duration("3s", ["0s", "24h"], unused),
  CONFIG_GRPC_XDS_CLIENT_ADDITIONAL_HEADERS: map("Headers for the server.", { isSecret: true }),
  CONFIG_GRPC_XDS_SERVER_USE_TLS: boolean(false, "TLS to the server."),
  CONFIG_GRPC_XDS_CLIENT_TLS_CERT: text("", "PEM file of this service's certificate for mTLS."),
  CONFIG_GRPC_XDS_CLIENT_TLS_KEY: text("", "PEM file of its key."),
  CONFIG_GRPC_XDS_SERVER_TLS_CACERT: text(
    "",
    "PEM file of authorities that may vouch for the server, beside those that Node brings.",
  ),
  CONFIG_GRPC_XDS_SERVER_TLS_SAN: text(
    "",
    "The name that the server's certificate must have; empty: the host of the URL.",
  ),
  XDS_CLIENT_BACKOFF_INITIAL_INTERVAL: duration(
    "500ms",
    ["50ms", "24h"],
    "First pause before the server is tried again (the reference: 10s, which is how long an update may then be missing).",
  ),
  XDS_CLIENT_BACKOFF_MAX_INTERVAL: duration(
    "3s",
    ["50ms", "24h"],
    "Longest pause (the reference: 60s); never shorter than the first.",
  ),
  XDS_CLIENT_BACKOFF_RANDOM_FACTOR: number(
    0.5,
    [0, 1_000],
    "Up to 1: the share of a pause that is random, and pauses double. Above 1: each pause is so much longer than the one before, and half of it is random.",
  ),
  XDS_CLIENT_BACKOFF_JITTER: boolean(true, "Whether pauses are random in part."),
  XDS_CLIENT_MAX_MSG_SIZE_IN_BYTES: integer(0, [0, 2_147_483_647], "The longest update; 0: 4 MiB."),
} as const;
