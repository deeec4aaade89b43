import type { Log } from "../../src/observe/log.ts";

/** A log that keeps its lines, for tests that want to read them or to hear nothing. */
export interface KeptLog extends Log {
  readonly lines: readonly {
    readonly level: "debug" | "info" | "warn" | "error";
    readonly message: string;
    readonly fields: Readonly<Record<string, unknown>>;
  }[];
}

export function keptLog(): KeptLog {
  const lines: KeptLog["lines"][number][] = [];
  const keep =
    (level: "debug" | "info" | "warn" | "error") =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      lines.push({ level, message, fields });
    };
  return {
    lines,
    isDebugEnabled: true,
    debug: keep("debug"),
    info: keep("info"),
    warn: keep("warn"),
    error: keep("error"),
  };
}
