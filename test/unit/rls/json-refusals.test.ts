import { describe, expect, test } from "@jest/globals";
import { VelocityGateError } from "../../../src/errors.ts";
import { bounds } from "../../../src/rls/bounds.ts";
import { parseJsonRequest } from "../../../src/rls/json-request.ts";

const parse = (text: string) => parseJsonRequest(Buffer.from(text));

function refusal(body: string | Buffer): string {
  try {
    parseJsonRequest(Buffer.from(body as string));
  } catch (error) {
    if (error instanceof VelocityGateError && error.code === "REQUEST_INVALID")
      return error.message;
    throw error;
  }
  throw new Error("was not refused");
}

/** What one descriptor says. */
const parseDescriptor = (json: string) => parse(`{"descriptors":[${json}]}`).descriptors[0];

describe("JSON that is no request is refused, with what is wrong and where:", () => {
  const numbers = "whole numbers from 0 to 4294967295 are accepted";
  const units = "UNKNOWN, SECOND, MINUTE, HOUR, DAY, MONTH, YEAR, WEEK";

  test.each([
    ["", "the request: expected an object, found the end (line 1, column 1)"],
    ["  \n ", "the request: expected an object, found the end (line 2, column 2)"],
    ["null", "the request: expected an object, found null (line 1, column 1)"],
    ["[]", "the request: expected an object, found a list (line 1, column 1)"],
    ['"x"', "the request: expected an object, found a string (line 1, column 1)"],
    ["1", "the request: expected an object, found a number (line 1, column 1)"],
    ["\uFEFF{}", 'the request: expected an object, found "\uFEFF" (line 1, column 1)'],
    ["{", "the request: expected a field name, found the end (line 1, column 2)"],
    ["{} {}", "the request: expected nothing more, found an object (line 1, column 4)"],
    ['{"domain":"a"', "the request: expected «,» or «}», found the end (line 1, column 14)"],
    ['{"domain":"a",}', 'the request: expected a field name, found "}" (line 1, column 15)'],
    [
      '{"domain":"a" "hitsAddend":1}',
      "the request: expected «,» or «}», found a string (line 1, column 15)",
    ],
    ["{domain:1}", 'the request: expected a field name, found "d" (line 1, column 2)'],
    ['{"domain" 1}', "domain: expected «:», found a number (line 1, column 11)"],
    ["{'domain':1}", 'the request: expected a field name, found "\'" (line 1, column 2)'],
    ['{"descriptors":[}', 'descriptors[0]: expected an object, found "}" (line 1, column 17)'],
    ['{"descriptors":[{},]}', 'descriptors[1]: expected an object, found "]" (line 1, column 20)'],
    ['{"descriptors":[{}}', 'descriptors: expected «,» or «]», found "}" (line 1, column 19)'],
  ])("syntax: %j", (body, text) => {
    expect(refusal(body)).toBe(text);
  });

  test.each([
    [
      '{"domainn":1}',
      'the request: unknown field "domainn"; accepted are domain, descriptors, hitsAddend (line 1, column 2)',
    ],
    [
      '{"Domain":"x"}',
      'the request: unknown field "Domain"; accepted are domain, descriptors, hitsAddend (line 1, column 2)',
    ],
    [
      '{"hits_Addend":1}',
      'the request: unknown field "hits_Addend"; accepted are domain, descriptors, hitsAddend (line 1, column 2)',
    ],
    [
      '{"@type":1}',
      'the request: unknown field "@type"; accepted are domain, descriptors, hitsAddend (line 1, column 2)',
    ],
    [
      '{"__proto__":1}',
      'the request: unknown field "__proto__"; accepted are domain, descriptors, hitsAddend (line 1, column 2)',
    ],
    [
      '{"unknown":null}',
      'the request: unknown field "unknown"; accepted are domain, descriptors, hitsAddend (line 1, column 2)',
    ],
    [
      '{"descriptors":[{},\n  {"entries":[{"key":"k"},{"name":"k"}]}]}',
      'descriptors[1].entries[1]: unknown field "name"; accepted are key, value (line 2, column 28)',
    ],
    ['{"domain":"a","domain":"b"}', "domain: is given twice (line 1, column 15)"],
    ['{"domain":null,"domain":"b"}', "domain: is given twice (line 1, column 16)"],
    ['{"hitsAddend":1,"hits_addend":1}', "hitsAddend: is given twice (line 1, column 17)"],
  ])("fields: %j", (body, text) => {
    expect(refusal(body)).toBe(text);
  });

  test.each([
    ['{"domain":1}', "domain: expected a string, found a number (line 1, column 11)"],
    ['{"domain":true}', "domain: expected a string, found true (line 1, column 11)"],
    ['{"domain":["a"]}', "domain: expected a string, found a list (line 1, column 11)"],
    ['{"descriptors":{}}', "descriptors: expected a list, found an object (line 1, column 16)"],
    [
      '{"descriptors":[null]}',
      "descriptors[0]: expected an object, found null (line 1, column 17)",
    ],
    [
      '{"descriptors":[{"entries":[[]]}]}',
      "descriptors[0].entries[0]: expected an object, found a list (line 1, column 29)",
    ],
    [
      '{"descriptors":[{"isNegativeHits":1}]}',
      "descriptors[0].isNegativeHits: expected true or false, found a number (line 1, column 35)",
    ],
    [
      '{"descriptors":[{"isNegativeHits":"true"}]}',
      "descriptors[0].isNegativeHits: expected true or false, found a string (line 1, column 35)",
    ],
    [
      '{"descriptors":[{"isNegativeHits":truest}]}',
      "descriptors[0].isNegativeHits: expected true or false, found true (line 1, column 35)",
    ],
    [
      '{"descriptors":[{"hitsAddend":{"value":1}}]}',
      "descriptors[0].hitsAddend: expected a number, found an object (line 1, column 31)",
    ],
    ['{"hitsAddend":-1}', `hitsAddend: ${numbers} (line 1, column 15)`],
    ['{"hitsAddend":1.5}', `hitsAddend: ${numbers} (line 1, column 15)`],
    ['{"hitsAddend":4294967296}', `hitsAddend: ${numbers} (line 1, column 15)`],
    ['{"hitsAddend":4294967295.0000000000000001}', `hitsAddend: ${numbers} (line 1, column 15)`],
    ['{"hitsAddend":1e400}', `hitsAddend: ${numbers} (line 1, column 15)`],
    ['{"hitsAddend":1e-400}', `hitsAddend: ${numbers} (line 1, column 15)`],
    ['{"hitsAddend":" 1"}', `hitsAddend: ${numbers} (line 1, column 15)`],
    ['{"hitsAddend":"01"}', `hitsAddend: ${numbers} (line 1, column 15)`],
    ['{"hitsAddend":""}', `hitsAddend: ${numbers} (line 1, column 15)`],
    ['{"hitsAddend":"one"}', `hitsAddend: ${numbers} (line 1, column 15)`],
    [`{"hitsAddend":1${"0".repeat(100_000)}}`, `hitsAddend: ${numbers} (line 1, column 15)`],
    ['{"hitsAddend":01}', "the request: expected «,» or «}», found a number (line 1, column 16)"],
    ['{"hitsAddend":+1}', 'hitsAddend: expected a number, found "+" (line 1, column 15)'],
    ['{"hitsAddend":NaN}', 'hitsAddend: expected a number, found "N" (line 1, column 15)'],
    // The reference lets it count backwards.
    [
      '{"descriptors":[{"hitsAddend":"18446744073709551615"}]}',
      `descriptors[0].hitsAddend: ${numbers} (line 1, column 31)`,
    ],
    [
      '{"descriptors":[{"limit":{"unit":"FORTNIGHT"}}]}',
      `descriptors[0].limit.unit: accepted are ${units} (line 1, column 34)`,
    ],
    [
      '{"descriptors":[{"limit":{"unit":"minute"}}]}',
      `descriptors[0].limit.unit: accepted are ${units} (line 1, column 34)`,
    ],
    [
      '{"descriptors":[{"limit":{"unit":"toString"}}]}',
      `descriptors[0].limit.unit: accepted are ${units} (line 1, column 34)`,
    ],
    [
      '{"descriptors":[{"limit":{"unit":2147483648}}]}',
      "descriptors[0].limit.unit: whole numbers of 32 bits are accepted (line 1, column 34)",
    ],
    [
      '{"descriptors":[{"limit":{"unit":true}}]}',
      "descriptors[0].limit.unit: expected a name or a number, found true (line 1, column 34)",
    ],
  ])("values: %j", (body, text) => {
    expect(refusal(body)).toBe(text);
  });

  test.each(["0", "8", '"UNKNOWN"', "-1"])("a limit whose unit does not exist: %s", (unit) => {
    expect(refusal(`{"descriptors":[{},{"limit":{"requestsPerUnit":1,"unit":${unit}}}]}`)).toMatch(
      /^descriptors\[1\]\.limit\.unit is -?\d: accepted are 1 \(SECOND\), .*, 7 \(WEEK\)$/,
    );
    expect(refusal('{"descriptors":[{"limit":{}}]}')).toMatch(
      /^descriptors\[0\]\.limit\.unit is 0/,
    );
  });

  test.each([
    ['"a', "a string has no end"],
    [String.raw`"a\"`, "a string has no end"],
    [String.raw`"\x"`, "a string has an escape that does not exist"],
    [String.raw`"\u12g4"`, "a string has an escape that does not exist"],
    [String.raw`"\ud800"`, "a string has half a surrogate pair"],
    // It stands for a byte that is not UTF-8 in requests over gRPC, and may not be made up here.
    [String.raw`"\udcff"`, "a string has half a surrogate pair"],
    ['"a\tb"', "a control character in a string is to be escaped"],
    ['"a\nb"', "a control character in a string is to be escaped"],
  ])("text: %j", (json, text) => {
    expect(refusal(`{"domain":${json}`)).toMatch(
      new RegExp(`^domain: ${text} \\(line 1, column 1[13]\\)$`),
    );
  });

  test("bytes that are not UTF-8", () => {
    expect(refusal(Buffer.from('{"domain":"\xff"}', "latin1"))).toBe(
      "the request: expected JSON, found bytes that are no UTF-8",
    );
  });

  test("what exceeds a bound", () => {
    const key = "ä".repeat(bounds.keyBytesMax / 2 + 1);
    const list = (count: number) => `[${Array(count).fill("{}").join()}]`;
    expect(refusal(`{"descriptors":[{"entries":[{"key":"${key}"}]}]}`)).toBe(
      "descriptors[0].entries[0].key has 65538 bytes: at most 65536 are accepted",
    );
    expect(refusal(`{"domain":"${"x".repeat(65_537)}"}`)).toBe(
      "domain has 65537 bytes: at most 65536 are accepted",
    );
    expect(refusal(`{"descriptors":[{"entries":[{"value":"${"x".repeat(1_048_577)}"}]}]}`)).toBe(
      "descriptors[0].entries[0].value has 1048577 bytes: at most 1048576 are accepted",
    );
    expect(refusal(`{"descriptors":${list(1_025)}}`)).toMatch(/^descriptors has more than 1024/);
    expect(refusal(`{"descriptors":[{"entries":${list(257)}}]}`)).toMatch(
      /^descriptors\[0\]\.entries has more than 256/,
    );
    expect(parse(`{"domain":"${"x".repeat(65_536)}"}`).domain).toHaveLength(65_536);
    expect(parse(`{"descriptors":${list(1_024)}}`).descriptors).toHaveLength(1_024);
    expect(parseDescriptor(`{"entries":${list(256)}}`)?.entries).toHaveLength(256);
  });

  test("deep nesting, before it can exhaust anything", () => {
    const deep = "[".repeat(500_000);
    expect(refusal(deep)).toMatch(/^the request: expected an object/);
    expect(refusal(`{"x":${deep}`)).toMatch(/^the request: unknown field "x"/);
    expect(refusal(`{"descriptors":${deep}`)).toMatch(/^descriptors\[0\]: expected an object/);
  });

  test("without quoting any value", () => {
    const bodies = [
      '{"domain":"secret" "secret"}',
      '{"domain":secret}',
      '{"hitsAddend":"secret"}',
      '{"descriptors":[{"limit":{"unit":"secret"}}]}',
      String.raw`{"domain":"secret\x"}`,
      '{"domain":"secret',
    ];
    for (const body of bodies) expect(refusal(body)).not.toContain("secret");
  });
});
