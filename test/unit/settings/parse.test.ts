import { describe, expect, test } from "@jest/globals";
import {
  parseBoolean,
  parseDurationMs,
  parseInteger,
  parseList,
  parseMap,
  parseNumber,
} from "../../../src/settings/parse.ts";

describe("booleans are those of Go", () => {
  test.each(["1", "t", "T", "TRUE", "true", "True"])("%s is true", (text) => {
    expect(parseBoolean(text)).toBe(true);
  });
  test.each(["0", "f", "F", "FALSE", "false", "False"])("%s is false", (text) => {
    expect(parseBoolean(text)).toBe(false);
  });
  test.each(["", "yes", "on", "tRUE", " true", "2"])("%j is neither", (text) => {
    expect(parseBoolean(text)).toBeUndefined();
  });
});

describe("whole numbers may have a base, as in Go", () => {
  test.each([
    ["0", 0],
    ["-0", 0],
    ["10", 10],
    ["+10", 10],
    ["-3", -3],
    ["0x10", 16],
    ["0XfF", 255],
    ["-0x10", -16],
    ["0b101", 5],
    ["0o17", 15],
    ["017", 15],
    ["1_000", 1000],
    ["0x_ff", 255],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
  ])("%s is %d", (text, value) => {
    expect(parseInteger(text)).toBe(value);
  });
  test.each([
    "",
    "1.0",
    "1e3",
    " 1",
    "1 ",
    "08",
    "0b2",
    "0x",
    "1__0",
    "1_",
    "_1",
    "--1",
    "9007199254740993",
    "ten",
  ])("%j is none", (text) => {
    expect(parseInteger(text)).toBeUndefined();
  });
});

describe("numbers", () => {
  test.each([
    ["0.8", 0.8],
    [".5", 0.5],
    ["1.", 1],
    ["1e-3", 0.001],
    ["-2", -2],
  ])("%s is %d", (text, value) => {
    expect(parseNumber(text)).toBe(value);
  });
  test.each(["", ".", "1e999", "NaN", "Inf", "0x1p-2", "1,5"])("%j is none", (text) => {
    expect(parseNumber(text)).toBeUndefined();
  });
});

describe("durations are those of Go", () => {
  test.each([
    ["0", 0],
    ["-0", 0],
    ["0s", 0],
    ["10s", 10_000],
    ["150us", 0.15],
    ["150µs", 0.15],
    ["150μs", 0.15],
    ["1ns", 1e-6],
    ["1m30s", 90_000],
    ["1h2m3.5s", 3_723_500],
    ["24h", 86_400_000],
    ["1.5h", 5_400_000],
    [".5s", 500],
    ["5.s", 5_000],
    ["-1.5h", -5_400_000],
    ["+1s", 1_000],
    ["1s1s", 2_000],
  ])("%s is %d ms", (text, value) => {
    expect(parseDurationMs(text)).toBeCloseTo(value, 9);
  });
  test.each(["", "10", "s", ".s", "1d", "1 s", "1S", "1s2", "-", "1..5s", "300000000000h"])(
    "%j is none",
    (text) => {
      expect(parseDurationMs(text)).toBeUndefined();
    },
  );
});

describe("lists and maps", () => {
  test("items of a list are taken as written", () => {
    expect(parseList("a, b,,c")).toEqual(["a", " b", "", "c"]);
  });
  test.each(["", "  "])("%j is the empty list and the empty map", (text) => {
    expect(parseList(text)).toEqual([]);
    expect(parseMap(text)).toEqual(new Map());
  });
  test("an item of a map has one colon, and the last of equal keys wins", () => {
    expect(parseMap("a:1,b:,:c,a:2")).toEqual(
      new Map([
        ["a", "2"],
        ["b", ""],
        ["", "c"],
      ]),
    );
  });
  test.each(["a", "a:b:c", "a:b,", "url:http://x"])("%j is no map", (text) => {
    expect(parseMap(text)).toBeUndefined();
  });
});
