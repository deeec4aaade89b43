import { pino } from "pino";
import { type Fields, presentFields, presentText } from "./log-fields.ts";
import { toTextLine } from "./log-text.ts";

/**
 * What the parts of the program may say. Process events are told at `info` and above: one line each, none per request. Facts
 * about single requests belong to `debug`; descriptor values and secrets belong nowhere above it.
 */
export interface Log {
  /** Whether `debug` writes anything: asked before costly fields are built. */
  readonly isDebugEnabled: boolean;
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

/** The logger itself, held by the composition root. */
export interface Logger extends Log {
  /** The last line of a process that ends because of it. */
  fatal(message: string, fields?: Fields): void;
}

/** The reference's levels, from silent to talkative. */
export const logLevels = ["panic", "fatal", "error", "warning", "info", "debug", "trace"] as const;
export type LogLevel = (typeof logLevels)[number];

/** The level that `LOG_LEVEL` names, in any case, `warn` included; `undefined` when there is no such level. */
export function parseLogLevel(text: string): LogLevel | undefined {
  const name = text.toLowerCase();
  return name === "warn" ? "warning" : logLevels.find((level) => level === name);
}

export const logFormats = ["json", "text"] as const;
export type LogFormat = (typeof logFormats)[number];

/** The format that `LOG_FORMAT` names, in any case; `undefined` when there is no such format. */
export function parseLogFormat(text: string): LogFormat | undefined {
  return logFormats.find((format) => format === text.toLowerCase());
}

/** Takes whole lines. */
export interface LogDestination {
  write(line: string): void;
}

export interface LogSettings {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Stands in every line, to tell the lines of several processes apart; `undefined`: there is but one. */
  readonly worker?: number | undefined;
  /** Where lines go; `undefined`: standard error, written at once so that the last words of a process are not lost. */
  readonly destination?: LogDestination | undefined;
}

const pinoLevels = {
  panic: "fatal",
  fatal: "fatal",
  error: "error",
  warning: "warn",
  info: "info",
  debug: "debug",
  trace: "trace",
} as const satisfies Record<LogLevel, string>;

/** Writes `@timestamp`, `@message` and `level` as the reference's JSON does, or lines of `key=value` for people. */
export function createLogger({ level, format, worker, destination }: LogSettings): Logger {
  const lines = destination ?? pino.destination({ fd: 2, sync: true });
  const logger = pino(
    {
      level: pinoLevels[level],
      messageKey: "@message",
      timestamp: () => `,"@timestamp":"${new Date().toISOString()}"`,
      base: worker === undefined ? null : { worker },
      formatters: { level: (label) => ({ level: label === "warn" ? "warning" : label }) },
    },
    format === "json" ? lines : { write: (line) => lines.write(toTextLine(line)) },
  );

  type Method = "debug" | "info" | "warn" | "error" | "fatal";
  const write = (method: Method, message: string, fields: Fields | undefined): void => {
    if (logger.isLevelEnabled(method)) logger[method](presentFields(fields), presentText(message));
  };
  return {
    isDebugEnabled: logger.isLevelEnabled("debug"),
    debug: (message, fields) => write("debug", message, fields),
    info: (message, fields) => write("info", message, fields),
    warn: (message, fields) => write("warn", message, fields),
    error: (message, fields) => write("error", message, fields),
    fatal: (message, fields) => write("fatal", message, fields),
  };
}
