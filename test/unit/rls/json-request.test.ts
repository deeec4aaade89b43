import { describe, expect, test } from "@jest/globals";
import { parseJsonRequest } from "../../../src/rls/json-request.ts";

const parse = (text: string) => parseJsonRequest(Buffer.from(text));

/** What one descriptor says. */
const parseDescriptor = (json: string) => parse(`{"descriptors":[${json}]}`).descriptors[0];

describe("a request in JSON", () => {
  const whole = {
    domain: "domain",
    hitsAddend: 3,
    descriptors: [
      {
        entries: [
          { key: "key", value: "value" },
          { key: "other", value: "" },
        ],
        override: { requestsPerUnit: 10, unit: "DAY" },
        hitsAddend: 0,
        isNegativeHits: true,
      },
      { entries: [], override: undefined, hitsAddend: undefined, isNegativeHits: false },
    ],
  };

  test("is read with every field it has, named in camel case", () => {
    const text = `{
      "domain": "domain",
      "descriptors": [
        {
          "entries": [{"key": "key", "value": "value"}, {"key": "other"}],
          "limit": {"requestsPerUnit": 10, "unit": "DAY"},
          "hitsAddend": "0",
          "isNegativeHits": true
        },
        {}
      ],
      "hitsAddend": 3
    }`;
    expect(parse(text)).toEqual(whole);
  });

  test("or as in the proto", () => {
    const text = `{"hits_addend":3,"domain":"domain","descriptors":[{"is_negative_hits":true,"hits_addend":0,
      "limit":{"unit":4,"requests_per_unit":"10"},"entries":[{"value":"value","key":"key"},{"key":"other"}]},{}]}`;
    expect(parse(text)).toEqual(whole);
  });

  test("of nothing is empty", () => {
    expect(parse(" {\r\n\t} ")).toEqual({ domain: "", descriptors: [], hitsAddend: 0 });
    expect(parse('{"descriptors":[ ]}').descriptors).toEqual([]);
  });

  test("has what is null as if it were not there", () => {
    expect(parse('{"domain":null,"descriptors":null,"hitsAddend":null}')).toEqual({
      domain: "",
      descriptors: [],
      hitsAddend: 0,
    });
    const text = '{"entries":null,"limit":null,"hitsAddend":null,"isNegativeHits":null}';
    expect(parseDescriptor(text)).toEqual({
      entries: [],
      override: undefined,
      hitsAddend: undefined,
      isNegativeHits: false,
    });
  });

  test.each([
    ['"plain"', "plain"],
    [String.raw`"\"\\\/\b\f\n\r\t"`, '"\\/\b\f\n\r\t'],
    [String.raw`"\u00e4\ud83d\ude00\u0000"`, "ä😀\0"],
    ['"ä😀\u2028\x7f"', "ä😀\u2028\x7f"],
    ['""', ""],
  ])("has text: %s", (json, text) => {
    expect(parse(`{"domain":${json}}`).domain).toBe(text);
  });

  test.each([
    ["0", 0],
    ["4294967295", 4_294_967_295],
    ['"4294967295"', 4_294_967_295],
    ["10.0", 10],
    ["1e2", 100],
    ["1E+2", 100],
    ['"1e2"', 100],
    ["1.5e1", 15],
    ["1500e-2", 15],
    ["0.0e-9", 0],
    ["-0", 0],
    ["4294967295.000", 4_294_967_295],
  ])("has numbers however JSON writes them: %s", (json, number) => {
    expect(parse(`{"hitsAddend":${json}}`).hitsAddend).toBe(number);
    expect(parseDescriptor(`{"hitsAddend":${json}}`)?.hitsAddend).toBe(number);
  });

  test.each([
    ['"SECOND"', "SECOND"],
    ['"YEAR"', "YEAR"],
    ['"WEEK"', "WEEK"],
    ["7", "WEEK"],
    ["1.0", "SECOND"],
  ])("has units by name or number: %s", (json, unit) => {
    expect(parseDescriptor(`{"limit":{"unit":${json}}}`)?.override?.unit).toBe(unit);
  });
});
