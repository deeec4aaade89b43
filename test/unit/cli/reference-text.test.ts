import { describe, expect, test } from "@jest/globals";
import { goQuote } from "../../../src/cli/reference/go-quote.ts";
import { responseText } from "../../../src/cli/reference/response-text.ts";

describe("a text in quotes", () => {
  test.each([
    ["plain", '"plain"'],
    ['say "no"\\', '"say \\"no\\"\\\\"'],
    ["\x07\b\f\n\r\t\v", '"\\a\\b\\f\\n\\r\\t\\v"'],
    ["\x01\x7f", '"\\x01\\x7f"'],
    ["é\u00ad\u2028😀\u{e0001}", '"é\\u00ad\\u2028😀\\U000e0001"'],
  ])("%j is %s, as Go writes it", (text, quoted) => {
    expect(goQuote(text)).toBe(quoted);
  });
});

describe("an answer as protobuf's text", () => {
  const none = {
    overallCode: 0,
    statuses: [],
    responseHeadersToAdd: [],
    requestHeadersToAdd: [],
    rawBody: Buffer.alloc(0),
    dynamicMetadata: undefined,
    quota: undefined,
  } as const;

  test("leaves out what has its default value", () => {
    expect(
      responseText({ ...none, statuses: [], responseHeadersToAdd: [], requestHeadersToAdd: [] }),
    ).toBe("");
  });

  test("has every kind of metadata, in the order of the keys", () => {
    const dynamicMetadata = { b: [1.5, null, true, "x\ny"], a: { c: {} } };
    expect(
      responseText({
        ...none,
        overallCode: 2,
        statuses: [],
        responseHeadersToAdd: [],
        requestHeadersToAdd: [{ key: "k", value: 'a"b', rawValue: Buffer.alloc(0) }],
        dynamicMetadata,
      }),
    ).toBe(
      'overall_code:OVER_LIMIT request_headers_to_add:{key:"k" value:"a\\"b"} dynamic_metadata:{fields:{key:"a" value:{struct_value:{fields:{key:"c" value:{struct_value:{}}}}}} fields:{key:"b" value:{list_value:{values:{number_value:1.5} values:{null_value:NULL_VALUE} values:{bool_value:true} values:{string_value:"x\\ny"}}}}}',
    );
  });
});
