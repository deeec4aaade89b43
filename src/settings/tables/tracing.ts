import { parsePairs } from "../parse.ts";
import { boolean, choice, type Extra, integer, number, type Setting, text } from "../setting.ts";

const onlyWith = { onlyWith: "TRACING_ENABLED" } as const;

/** Traces: the reference's names, and those of OpenTelemetry that say where the spans go, which the reference reads as well. */
export const tracing = {
  TRACING_ENABLED: boolean(
    false,
    "Sends a trace of every sampled call (see [traces](tracing.md)).",
  ),
  TRACING_SERVICE_NAME: text("RateLimit", "`service.name` of the spans."),
  TRACING_SERVICE_NAMESPACE: text("", "`service.namespace` of the spans; empty: none."),
  TRACING_SERVICE_INSTANCE_ID: text(
    "",
    "`service.instance.id` of the spans; empty: a random UUID for each process.",
  ),
  TRACING_EXPORTER_PROTOCOL: choice(
    "http",
    ["http", "grpc"],
    "How spans are sent: OTLP over HTTP with protobuf, or over gRPC. OTEL_EXPORTER_OTLP_PROTOCOL is not read.",
    { orEmpty: true, refusal: (given) => `Invalid otlptrace client protocol: ${given}` },
  ),
  TRACING_SAMPLING_RATE: number(
    1,
    [-1e9, 1e9],
    "Share of the calls that are traced, of those whose caller has not decided it: 0 (and less) is none, 1 (and more) is all.",
    { accepted: "a number from 0 to 1" },
  ),
  ...exporter("OTEL_EXPORTER_OTLP", {
    ENDPOINT:
      "Base URL of the receiver. HTTP: `/v1/traces` is put after it. gRPC: `http://` is in the clear, `https://` or no scheme is TLS. Unset: `http://localhost:4318`, for gRPC `http://localhost:4317`.",
    HEADERS: "Headers for the receiver: `key=value,…`, percent-encoded.",
    TIMEOUT: "When sending a batch has failed, its retries included. In milliseconds.",
    COMPRESSION: "Compression of what is sent.",
    INSECURE: "gRPC in the clear where the endpoint has no scheme.",
    CERTIFICATE: "File with the CA of the receiver; empty: the CAs that Node trusts.",
    CLIENT_CERTIFICATE: "File with the certificate for it.",
    CLIENT_KEY: "File with its key.",
  }),
  ...exporter("OTEL_EXPORTER_OTLP_TRACES", {
    ENDPOINT:
      "URL of the receiver of spans; over HTTP nothing is put after it. Wins over OTEL_EXPORTER_OTLP_ENDPOINT.",
    HEADERS: "Further headers, which win over OTEL_EXPORTER_OTLP_HEADERS.",
    TIMEOUT: "Wins over OTEL_EXPORTER_OTLP_TIMEOUT.",
    COMPRESSION: "Wins over OTEL_EXPORTER_OTLP_COMPRESSION.",
    INSECURE: "Wins over OTEL_EXPORTER_OTLP_INSECURE.",
    CERTIFICATE: "Wins over OTEL_EXPORTER_OTLP_CERTIFICATE.",
    CLIENT_CERTIFICATE: "Wins over OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE.",
    CLIENT_KEY: "Wins over OTEL_EXPORTER_OTLP_CLIENT_KEY.",
  }),
  OTEL_RESOURCE_ATTRIBUTES: otel(
    pairs("Further attributes of the service: `key=value,…`, percent-encoded.", onlyWith),
  ),
  OTEL_BSP_MAX_QUEUE_SIZE: otel(
    integer(2048, [1, 1_000_000], "Spans that wait at most; further ones are dropped.", onlyWith),
  ),
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: otel(
    integer(512, [1, 100_000], "Spans that are sent together at most.", onlyWith),
  ),
  OTEL_BSP_SCHEDULE_DELAY: otel(milliseconds(5_000, "Longest time that a span waits for others.")),
  OTEL_BSP_EXPORT_TIMEOUT: otel(
    milliseconds(30_000, "When a batch is given up, retries included."),
  ),
} as const;

type Prefix = "OTEL_EXPORTER_OTLP" | "OTEL_EXPORTER_OTLP_TRACES";

/** The names that OpenTelemetry has in a general form and in one for traces. */
function exporter<const P extends Prefix>(prefix: P, meaning: Readonly<Record<string, string>>) {
  const says = (name: string) => meaning[name] ?? "";
  const secret = { ...onlyWith, isSecret: true } as const;
  const rows = {
    ENDPOINT: otel(text("", says("ENDPOINT"), secret)),
    HEADERS: otel(pairs(says("HEADERS"), secret)),
    TIMEOUT: otel(integer(10_000, [1, 3_600_000], says("TIMEOUT"), onlyWith)),
    COMPRESSION: otel(
      choice<"none" | "gzip">("none", ["none", "gzip"], says("COMPRESSION"), onlyWith),
    ),
    INSECURE: otel(boolean(false, says("INSECURE"), onlyWith)),
    CERTIFICATE: otel(text("", says("CERTIFICATE"), onlyWith)),
    CLIENT_CERTIFICATE: otel(text("", says("CLIENT_CERTIFICATE"), onlyWith)),
    CLIENT_KEY: otel(text("", says("CLIENT_KEY"), onlyWith)),
  };
  const named = Object.entries(rows).map(([name, row]) => [`${prefix}_${name}`, row]);
  return Object.fromEntries(named) as {
    readonly [Name in keyof typeof rows as `${P}_${Name}`]: (typeof rows)[Name];
  };
}

/** OpenTelemetry takes spaces around a value for nothing. */
function otel<T>(setting: Setting<T>): Setting<T> {
  return { ...setting, parse: (given) => setting.parse(given.trim()) };
}

function milliseconds(value: number, meaning: string): Setting<number> {
  return integer(value, [1, 3_600_000], `${meaning} In milliseconds.`, onlyWith);
}

function pairs(meaning: string, extra: Extra): Setting<ReadonlyMap<string, string>> {
  return {
    type: "map",
    default: "",
    meaning,
    accepted: "key=value pairs between commas",
    parse: parsePairs,
    ...extra,
  };
}
