import { readFileSync } from "node:fs";
import { hideSecrets } from "../secrets.ts";
import type {
  ExporterSettings,
  ExporterTls,
  TracingSettings,
} from "../tracing/tracing-settings.ts";
import { type SettingName, table } from "./table.ts";
import { type Reading, refusal } from "./values.ts";

/** How calls are traced; `undefined`: they are not. Mistakes are added to the reading. */
export function buildTracing(reading: Reading): TracingSettings | undefined {
  const { values, warnings } = reading;
  if (!values.TRACING_ENABLED) return undefined;
  const rate = values.TRACING_SAMPLING_RATE;
  if (rate < 0 || rate > 1) {
    warnings.push(`TRACING_SAMPLING_RATE: ${rate} means ${rate < 0 ? "none" : "all"}, as a share`);
  }
  return {
    serviceName: values.TRACING_SERVICE_NAME,
    serviceNamespace: values.TRACING_SERVICE_NAMESPACE,
    serviceInstanceId: values.TRACING_SERVICE_INSTANCE_ID,
    attributes: values.OTEL_RESOURCE_ATTRIBUTES,
    samplingRate: Math.min(1, Math.max(0, rate)),
    exporter: exporterSettings(reading),
    queue: {
      spansMax: values.OTEL_BSP_MAX_QUEUE_SIZE,
      batchSpansMax: Math.min(
        values.OTEL_BSP_MAX_QUEUE_SIZE,
        values.OTEL_BSP_MAX_EXPORT_BATCH_SIZE,
      ),
      delayMsMax: values.OTEL_BSP_SCHEDULE_DELAY,
      exportTimeoutMs: values.OTEL_BSP_EXPORT_TIMEOUT,
    },
  };
}

function exporterSettings(reading: Reading): ExporterSettings {
  const { values } = reading;
  const protocol = values.TRACING_EXPORTER_PROTOCOL;
  const url = protocol === "http" ? httpUrl(reading) : grpcUrl(reading);
  const isSecure = url.startsWith("https:");
  return {
    protocol,
    url,
    headers: new Map([
      ...values.OTEL_EXPORTER_OTLP_HEADERS,
      ...values.OTEL_EXPORTER_OTLP_TRACES_HEADERS,
    ]),
    timeoutMs: values[effective(reading, "TIMEOUT")],
    compression: values[effective(reading, "COMPRESSION")],
    tls: isSecure ? exporterTls(reading) : undefined,
  };
}

type ExporterName = {
  [Name in SettingName]: Name extends `OTEL_EXPORTER_OTLP_TRACES_${infer Rest}` ? Rest : never;
}[SettingName];

/** The name for traces where it is set to something, else the general one. */
function effective<N extends ExporterName>({ given }: Reading, name: N) {
  const ofTraces = `OTEL_EXPORTER_OTLP_TRACES_${name}` as const;
  return given.has(ofTraces) ? ofTraces : (`OTEL_EXPORTER_OTLP_${name}` as const);
}

function httpUrl(reading: Reading): string {
  const name = effective(reading, "ENDPOINT");
  const text = reading.values[name];
  if (text === "") return "http://localhost:4318/v1/traces";
  const url = parseUrl(text, /^https?:$/);
  if (url === undefined) return refuse(reading, name, "http://host:port or https://host:port");
  if (name === "OTEL_EXPORTER_OTLP_ENDPOINT") {
    url.pathname = `${url.pathname.replace(/\/$/, "")}/v1/traces`;
  }
  return url.href;
}

function grpcUrl(reading: Reading): string {
  const name = effective(reading, "ENDPOINT");
  const text = reading.values[name];
  if (text === "") return "http://localhost:4317";
  if (/^unix:/i.test(text)) return text;
  const isInsecure = reading.values[effective(reading, "INSECURE")];
  const withScheme = /^[a-z]+:\/\//i.test(text)
    ? text
    : `${isInsecure ? "http" : "https"}://${text}`;
  const url = parseUrl(withScheme, /^https?:$/);
  if (url === undefined) {
    return refuse(reading, name, "http://host:port, https://host:port, host:port or unix:path");
  }
  return `${url.protocol}//${url.host}`;
}

function parseUrl(text: string, protocols: RegExp): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && protocols.test(url.protocol) && url.hostname !== "" ? url : undefined;
}

function refuse(reading: Reading, name: SettingName, accepted: string): string {
  const { mistakes, values } = reading;
  mistakes.push(refusal(name, { ...table[name], accepted }, String(values[name])));
  return "";
}

function exporterTls(reading: Reading): ExporterTls {
  const cert = readText(reading, "CLIENT_CERTIFICATE");
  const key = readText(reading, "CLIENT_KEY");
  if ((cert === undefined) !== (key === undefined)) {
    reading.mistakes.push(
      "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY: only one is set; accepted: both or neither",
    );
  }
  return hideSecrets({ ca: readText(reading, "CERTIFICATE"), cert, key });
}

/** The text of a PEM file; `undefined` when none is named. */
function readText(
  reading: Reading,
  file: "CERTIFICATE" | "CLIENT_CERTIFICATE" | "CLIENT_KEY",
): string | undefined {
  const name = effective(reading, file);
  const path = reading.values[name];
  if (path === "") return undefined;
  try {
    const pem = readFileSync(path, "utf8");
    if (pem.includes("-----BEGIN ")) return pem;
    reading.mistakes.push(`${name}: "${path}" is no PEM file; accepted: a PEM file`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    reading.mistakes.push(`${name}: "${path}" cannot be read (${code}); accepted: a PEM file`);
  }
  return "";
}
