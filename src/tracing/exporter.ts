import { type ChannelCredentials, credentials, Metadata } from "@grpc/grpc-js";
import type { OTLPTraceExporter as HttpExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import type { SpanExporter } from "@opentelemetry/sdk-trace";
import type { ExporterSettings, ExporterTls } from "./tracing-settings.ts";

type HttpOptions = NonNullable<ConstructorParameters<typeof HttpExporter>[0]>;
type Compression = NonNullable<HttpOptions["compression"]>;

/** OpenTelemetry's exporter for the protocol that is asked for; the other one is not loaded. */
export async function createExporter(settings: ExporterSettings): Promise<SpanExporter> {
  const { url, headers, timeoutMs, tls } = settings;
  // A TypeScript enum, whose values are these.
  const compression = settings.compression as Compression;
  const common = { url, timeoutMillis: timeoutMs, compression };
  if (settings.protocol === "grpc") {
    const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-grpc");
    const metadata = new Metadata();
    for (const [name, value] of headers) metadata.set(name, value);
    return new OTLPTraceExporter({ ...common, metadata, credentials: channelCredentials(tls) });
  }
  const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-proto");
  return new OTLPTraceExporter({
    ...common,
    headers: Object.fromEntries(headers),
    httpAgentOptions: { keepAlive: true, ...agentTls(tls) },
  });
}

function channelCredentials(tls: ExporterTls | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  return credentials.createSsl(bytes(tls.ca), bytes(tls.key), bytes(tls.cert));
}

function agentTls(tls: ExporterTls | undefined) {
  return Object.fromEntries(
    Object.entries({ ca: tls?.ca, key: tls?.key, cert: tls?.cert }).filter(
      ([, pem]) => pem !== undefined,
    ),
  );
}

function bytes(pem: string | undefined): Buffer | null {
  return pem === undefined ? null : Buffer.from(pem);
}
