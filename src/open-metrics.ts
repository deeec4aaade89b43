import { readFileSync } from "node:fs";
import type { Closers } from "./closers.ts";
import { VelocityGateError } from "./errors.ts";
import { decodeRuleFile } from "./limits/decode-rule-file.ts";
import type { Log } from "./observe/log.ts";
import { MappedMetrics } from "./observe/mapper/mapped-metrics.ts";
import type { MapperFile } from "./observe/mapper/mapping.ts";
import { readMapperFile } from "./observe/mapper/read-mapper.ts";
import { createMetrics, type Metrics } from "./observe/metrics.ts";
import type { Settings } from "./settings.ts";
import { version } from "./version.ts";

/** Which part of the service a process is: all of it, one of several workers, or the primary of those. */
export type Role = "alone" | "worker" | "primary";

/** How often series of a mapper file that have not changed are looked for, as the reference does it. */
const forgetMs = 1_000;

/**
 * Opens the metrics of a process.
 *
 * @throws VelocityGateError `SETTINGS_INVALID` for a mapper file with a mistake
 */
export function openMetrics(
  { metrics: chosen }: Settings,
  role: Role,
  log: Log,
  closers: Closers,
): Metrics {
  const { limitsMax, mapperPath, extraTags } = chosen;
  const mapped =
    mapperPath === ""
      ? undefined
      : new MappedMetrics({
          file: readMapper(mapperPath),
          extraTags,
          log,
          isWorker: role === "worker",
          nowMs: () => performance.now(),
        });
  const metrics = createMetrics({
    version,
    log,
    ...chosen,
    // The primary counts no limits.
    limitsMax: role === "primary" ? 0 : limitsMax,
    mapped,
  });
  closers.add(() => metrics.close());
  if (mapped?.forgets) {
    const timer = setInterval(() => void mapped.update(() => metrics.counted), forgetMs).unref();
    closers.add(() => clearInterval(timer));
  }
  return metrics;
}

const setting = "PROMETHEUS_MAPPER_YAML";
const fileBytesMax = 1024 * 1024;

function readMapper(path: string): MapperFile {
  const read = readMapperFile(decodeRuleFile(readBytes(path)));
  if ("file" in read) return read.file;
  const lines = read.problems.map(
    ({ place, text }) => `  ${path}:${place.line}:${place.column}: ${text}`,
  );
  const count = lines.length === 1 ? "a mistake" : `${lines.length} mistakes`;
  throw refusal(`${count}:\n${lines.join("\n")}`);
}

function readBytes(path: string): Buffer {
  const bytes = bytesOf(path);
  if (bytes.length <= fileBytesMax) return bytes;
  throw refusal(`${path} has ${bytes.length} bytes; accepted: at most ${fileBytesMax}`);
}

function bytesOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw refusal((error as Error).message, { cause: error });
  }
}

function refusal(text: string, options?: ErrorOptions): VelocityGateError {
  return new VelocityGateError("SETTINGS_INVALID", `${setting}: ${text}`, options);
}
