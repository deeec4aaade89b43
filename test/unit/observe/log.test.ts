import { describe, expect, test } from "@jest/globals";
import { VelocityGateError } from "../../../src/errors.ts";
import {
  createLogger,
  type LogFormat,
  type LogLevel,
  parseLogFormat,
  parseLogLevel,
} from "../../../src/observe/log.ts";

function record(level: LogLevel = "debug", format: LogFormat = "json") {
  const lines: string[] = [];
  const log = createLogger({
    level,
    format,
    destination: { write: (line: string) => void lines.push(line) },
  });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? "null") as Record<string, unknown> };
}

describe("a line of JSON", () => {
  test("carries the reference's names: @timestamp in RFC 3339, @message, level", () => {
    const { log, lines, last } = record();
    log.warn("the rules were refused", { file: "a.yaml" });
    expect(last()).toEqual({
      "@timestamp": expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      "@message": "the rules were refused",
      level: "warning",
      file: "a.yaml",
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^[^\n]*\n$/);
  });

  test("carries the number of the worker that wrote it, where there are several", () => {
    const lines: string[] = [];
    const destination = { write: (line: string) => void lines.push(line) };
    const log = createLogger({ level: "info", format: "json", worker: 3, destination });
    log.info("loaded rules");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ worker: 3, "@message": "loaded rules" });
  });

  test("names each level", () => {
    const { log, lines } = record();
    for (const method of ["debug", "info", "warn", "error", "fatal"] as const) log[method]("x");
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual([
      "debug",
      "info",
      "warning",
      "error",
      "fatal",
    ]);
  });
});

describe("a line of text", () => {
  test("is readable key=value, with quotes only where they are needed", () => {
    const { log, lines } = record("info", "text");
    log.warn("rules refused", { file: "/etc/a.yaml", count: 2, reason: 'a "b"\nc=d', list: ["x"] });
    expect(lines[0]).toMatch(
      /^time="\d{4}-\d\d-\d\dT[\d:.]+Z" level=warning msg="rules refused" file=\/etc\/a\.yaml count=2 reason="a \\"b\\"\\nc=d" list="\[\\"x\\"\]"\n$/,
    );
  });

  test("cannot be forged by a value that contains a line break", () => {
    const { log, lines } = record("info", "text");
    log.error("x\ntime=now level=fatal", { name: "a\r\nb" });
    expect(lines.join("").match(/\n/g)).toHaveLength(1);
  });
});

describe("the level", () => {
  test.each<[LogLevel, readonly string[]]>([
    ["panic", ["fatal"]],
    ["fatal", ["fatal"]],
    ["error", ["error", "fatal"]],
    ["warning", ["warning", "error", "fatal"]],
    ["info", ["info", "warning", "error", "fatal"]],
    ["debug", ["debug", "info", "warning", "error", "fatal"]],
    ["trace", ["debug", "info", "warning", "error", "fatal"]],
  ])("%s lets through %j", (level, expected) => {
    const { log, lines } = record(level);
    for (const method of ["debug", "info", "warn", "error", "fatal"] as const) log[method]("x");
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(expected);
    expect(log.isDebugEnabled).toBe(expected.includes("debug"));
  });

  test.each([
    ["WARN", "warning"],
    ["Warning", "warning"],
    ["pAnIc", "panic"],
    ["TRACE", "trace"],
    ["verbose", undefined],
    ["", undefined],
  ])("named %j is %j", (text, level) => {
    expect(parseLogLevel(text)).toBe(level);
  });

  test.each([
    ["JSON", "json"],
    ["Text", "text"],
    ["logfmt", undefined],
  ])("the format named %j is %j", (text, format) => {
    expect(parseLogFormat(text)).toBe(format);
  });
});

describe("what may not be told", () => {
  test("credentials in messages, fields, lists and errors are masked", () => {
    const { log, lines } = record();
    const url = "redis://user:s3cret@redis1:6379";
    log.warn(`connecting to ${url}`, {
      url,
      urls: [url, { nested: url }],
      error: new Error(`no ${url}`, { cause: new Error(url) }),
    });
    expect(lines[0]).not.toContain("s3cret");
    expect(lines[0]?.match(/redis:\/\/\*{5}@redis1:6379/g)?.length).toBeGreaterThanOrEqual(6);
  });

  test("a credential is masked before a long text is cut, never cut in two", () => {
    const { log, lines } = record();
    log.warn(`${"x".repeat(4070)} redis://user:s3cret-s3cret-s3cret@redis1:6379`);
    expect(lines[0]).not.toContain("s3cret");
  });

  test("other properties of an error, such as the command a client sent, are left out", () => {
    const { log, lines } = record();
    const reply = Object.assign(new Error("READONLY"), { command: { args: ["login_ip_1.2.3.4"] } });
    log.error("increment failed", { error: reply });
    log.error("increment failed", { deep: { error: reply } });
    expect(lines.join("")).not.toContain("1.2.3.4");
    expect(lines.join("")).toContain("READONLY");
  });
});

describe("an error in a field", () => {
  test("tells its message, its causes and its code", () => {
    const { log, last } = record();
    const cause = new Error("connect ECONNREFUSED");
    log.error("x", { error: new VelocityGateError("STORE_UNAVAILABLE", "no Redis", { cause }) });
    expect(last()).toMatchObject({
      error: "no Redis: connect ECONNREFUSED",
      errorCode: "STORE_UNAVAILABLE",
    });
    expect(last()).not.toHaveProperty("errorStack");
  });

  test("shows where it came from when nobody foresaw it", () => {
    const { log, last } = record();
    log.error("x", { error: new TypeError("boom") });
    expect(last()).toMatchObject({ errorStack: expect.stringContaining("log.test.ts") });
  });
});

test("a text of any length or form becomes one bounded, well-formed line", () => {
  const { log, last } = record();
  log.info("x", { long: "y".repeat(100_000), broken: "a\uDCFFb" });
  expect(last()).toMatchObject({ long: `${"y".repeat(4095)}…`, broken: "a\uFFFDb" });
});
