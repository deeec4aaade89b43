import { type LogFormat, logLevels, parseLogFormat } from "../../observe/log.ts";
import {
  address,
  boolean,
  choice,
  duration,
  integer,
  list,
  map,
  port,
  type Setting,
  text,
  warned,
} from "../setting.ts";

/** As Go names networks. */
export const statsdProtocols = ["tcp", "tcp4", "tcp6", "udp", "udp4", "udp6"] as const;

/** Logs and metrics. */
export const observation = {
  LOG_LEVEL: choice("warn", [...logLevels, "warn"], "Lines of lower levels are left out.", {
    anyCase: true,
    refusal: () => "Could not parse log level",
  }),
  LOG_FORMAT: logFormat(),
  METRICS_MAX_LIMITS: integer(
    10_000,
    [100, 1_000_000],
    "Limits that metrics tell apart; those past it share one series.",
  ),
  USE_PROMETHEUS: boolean(
    false,
    "Serves the metrics on a port of their own too; `/metrics` of the HTTP port is always there.",
  ),
  PROMETHEUS_ADDR: address(":9090", "Address of the metrics port."),
  EXTRA_TAGS: map("Labels on every metric."),
  DISABLE_STATS: boolean(
    false,
    "Opens no metrics port and sends no metrics, whatever the others say; `/metrics` of the HTTP port stays.",
  ),
  PROMETHEUS_PATH: metricsPath(),
  PROMETHEUS_RESPONSE_TIME_AS_MILLISECONDS: boolean(
    false,
    "Observes response times in milliseconds, under the same name.",
  ),
  PROMETHEUS_MAPPER_YAML: text(
    "",
    "File that maps metrics to names and labels of your own, in the format of statsd_exporter; see [metrics](metrics.md).",
  ),
  SANITIZE_DESCRIPTOR_METRIC_DOTS: boolean(
    false,
    "Writes `_` for each dot within the keys and values of descriptors, in metrics alone.",
  ),
  USE_STATSD: boolean(
    false,
    "Sends metrics to statsd (the reference: true). Unset, it is on when STATSD_HOST is set and USE_DOG_STATSD is not.",
  ),
  STATSD_HOST: text("localhost", "The statsd or DogStatsD server."),
  STATSD_PORT: port(8125, "Its port."),
  STATSD_PROTOCOL: choice("tcp", statsdProtocols, "How statsd is reached; DogStatsD is by UDP."),
  STATS_FLUSH_INTERVAL: duration(
    "10s",
    ["1ms", "24h"],
    "How often metrics are sent to statsd; in Prometheus they are always those of the moment.",
  ),
  GOSTATS_FLUSH_INTERVAL_SECONDS: integer(5, [0, 86_400], "The same, for statsd.", {
    ...warned("it has none in the reference either; STATS_FLUSH_INTERVAL says how often"),
  }),
  GOSTATS_LOGGING_SINK_DISABLED: boolean(false, "Logs no metrics.", {
    ...warned("metrics are never logged"),
  }),
  USE_DOG_STATSD: boolean(false, "Sends metrics to DogStatsD."),
  USE_DOG_STATSD_MOGRIFIERS: list(
    "Names of the rewriters of metric names, in the order in which they are tried; see [metrics](metrics.md).",
  ),
  DD_ENTITY_ID: text("", "Tag `dd.internal.entity_id` of every metric for DogStatsD."),
  DD_ENV: text("", "Tag `env`, likewise."),
  DD_SERVICE: text("", "Tag `service`, likewise."),
  DD_VERSION: text("", "Tag `version`, likewise."),
} as const;

/** Empty, it is the default, as the address is. */
function metricsPath(): Setting<string> {
  const path = text("/metrics", "Path of the metrics on the metrics port.", {
    accepted: "a path that begins with /",
    matches: /^\/[^\s?#]*$/,
  });
  return { ...path, parse: (given) => path.parse(given === "" ? path.default : given) };
}

function logFormat(): Setting<LogFormat> {
  return {
    type: "text",
    default: "json",
    meaning: "Form of the log lines (the reference: `text`).",
    accepted: "json (in any case); anything else means text",
    parse: (given) => parseLogFormat(given) ?? "text",
  };
}
