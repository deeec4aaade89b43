import { sanNames } from "../san-names.ts";
import {
  boolean,
  choice,
  duration,
  durationOrNone,
  integer,
  integerWithin,
  port,
  type Setting,
  text,
} from "../setting.ts";

/** More than any machine that runs a rate limiter has cores to spare. */
export const workersMax = 64;

/** The ports, and how long connections and the process itself may last. */
export const listeners = {
  HOST: text("0.0.0.0", "Address of the HTTP port."),
  PORT: port(
    8080,
    "HTTP port: `/healthcheck`, `/json`, `/metrics`. 0 takes a free one, as for every port.",
  ),
  DEBUG_HOST: text(
    "127.0.0.1",
    "Address of the debug port (the reference: 0.0.0.0; what it shows is not for everyone).",
  ),
  DEBUG_PORT: port(6070, "Debug port: `/rlconfig`, `/stats`."),
  GRPC_UDS: text(
    "",
    "Path of a Unix socket for gRPC; when set, GRPC_HOST and GRPC_PORT do not count.",
    // The system holds no longer one, and Node would cut it off without a word.
    { bytesMax: 107 },
  ),
  GRPC_HOST: text("0.0.0.0", "Address of the gRPC port."),
  GRPC_PORT: port(8081, "gRPC port."),
  GRPC_ENGINE: choice(
    "h2",
    ["h2", "grpc-js"],
    "Which gRPC server runs: our own on HTTP/2 (`h2`), or @grpc/grpc-js. They behave alike; ours costs a fraction.",
  ),
  WORKERS: workers(),
  GRPC_MAX_CONNECTION_AGE: durationOrNone(
    "24h",
    ["1s", "8760h"],
    "A gRPC connection older than this (±10 %) is told to go away, so that clients spread over new instances.",
  ),
  GRPC_MAX_CONNECTION_AGE_GRACE: durationOrNone(
    "1h",
    ["1ms", "8760h"],
    "How long calls of such a connection may still take.",
  ),
  GRPC_MAX_CONCURRENT_STREAMS: integer(
    10_000,
    [1, 2_147_483_647],
    "Calls that one gRPC connection may have open at a time.",
  ),
  GRPC_MAX_MSG_SIZE_IN_BYTES: integer(
    4_194_304,
    [1_024, 67_108_864],
    "Longest gRPC request; a longer one gets RESOURCE_EXHAUSTED.",
  ),
  OVERLOAD_WAIT_MAX: durationOrNone(
    "10ms",
    ["1ms", "10s"],
    "How long gRPC calls may wait until the service comes to look at them; a quarter of a call's `grpc-timeout` when that is less. When they wait longer, those beyond what it can carry are answered at once by their failure policy, so that the others keep their deadlines (see [overload](overload.md)). With the own engine only.",
  ),
  SHUTDOWN_DELAY: duration(
    "1s",
    ["0s", "10m"],
    "After SIGTERM, how long the service goes on as before but for its health, so that Envoys whose health checks notice send their calls elsewhere first. More than their interval times `unhealthy_threshold`; 0s where something else waits, such as a preStop hook.",
  ),
  SHUTDOWN_GRACE: duration(
    "10s",
    ["0s", "1h"],
    "After that, how long calls in flight may take before the process ends regardless.",
  ),
  GRPC_SERVER_USE_TLS: boolean(
    false,
    "Serves gRPC over TLS 1.2 or 1.3, and not in the clear; see [TLS](tls.md).",
  ),
  GRPC_SERVER_TLS_CERT: text(
    "",
    "File with the certificate of the gRPC server, followed by those that lead to its CA. All files of TLS are read again when they change.",
  ),
  GRPC_SERVER_TLS_KEY: text("", "File with its key."),
  GRPC_CLIENT_TLS_CACERT: text(
    "",
    "File with the CAs of clients: each client has to show a certificate that comes from one of them. (The reference lets in those of public CAs as well.)",
  ),
  GRPC_SERVER_TLS_CA_CERT: text(
    "",
    "The same, by the name that Envoy Gateway gives it; GRPC_CLIENT_TLS_CACERT wins. (The reference does not know it, and lets everybody in.)",
  ),
  GRPC_CLIENT_TLS_SAN: sanNames(
    "Names of which the certificate of a client must have one. (The reference: one DNS name.)",
  ),
} as const;

function workers(): Setting<number | "auto"> {
  return {
    type: "text",
    default: "1",
    meaning:
      "Processes that serve the gRPC port together; `auto`: one for each core. More than one need Redis or Memcached (see «Several processes»).",
    accepted: `auto, or a whole number from 1 to ${workersMax}`,
    parse: (given) => (given === "auto" ? given : integerWithin(given, 1, workersMax)),
  };
}
