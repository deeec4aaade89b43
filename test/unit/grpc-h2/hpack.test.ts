import { describe, expect, test } from "@jest/globals";
import type { Field } from "../../../src/grpc/h2/fields.ts";
import { HeaderDecoder } from "../../../src/grpc/h2/hpack.ts";
import { cpuMsOf } from "../../support/cpu-time.ts";
import { block, type Fields, indexedBlock, integer } from "../../support/h2/frames.ts";

/** Decodes blocks one after the other with one table. */
function decodeAll(blocks: readonly string[], decoder = new HeaderDecoder()): Fields[] {
  return blocks.map((hex) => {
    const fields: Field[] = [];
    const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
    decoder.decode(bytes, 0, bytes.length, fields, 65_536);
    return fields.map(({ name, value }) => [name, value] as const);
  });
}

const requests: readonly Fields[] = [
  [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/"],
    [":authority", "www.example.com"],
  ],
  [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/"],
    [":authority", "www.example.com"],
    ["cache-control", "no-cache"],
  ],
  [
    [":method", "GET"],
    [":scheme", "https"],
    [":path", "/index.html"],
    [":authority", "www.example.com"],
    ["custom-key", "custom-value"],
  ],
];

const responses: readonly Fields[] = [
  [
    [":status", "302"],
    ["cache-control", "private"],
    ["date", "Mon, 21 Oct 2013 20:13:21 GMT"],
    ["location", "https://www.example.com"],
  ],
  [
    [":status", "307"],
    ["cache-control", "private"],
    ["date", "Mon, 21 Oct 2013 20:13:21 GMT"],
    ["location", "https://www.example.com"],
  ],
  [
    [":status", "200"],
    ["cache-control", "private"],
    ["date", "Mon, 21 Oct 2013 20:13:22 GMT"],
    ["location", "https://www.example.com"],
    ["content-encoding", "gzip"],
    ["set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"],
  ],
];

describe("the vectors of RFC 7541, Appendix C", () => {
  test.each([
    [
      "C.2.1",
      "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
      "custom-key",
      "custom-header",
    ],
    ["C.2.2", "040c 2f73 616d 706c 652f 7061 7468", ":path", "/sample/path"],
    ["C.2.3", "1008 7061 7373 776f 7264 0673 6563 7265 74", "password", "secret"],
    ["C.2.4", "82", ":method", "GET"],
  ])("%s", (_section, hex, name, value) => {
    expect(decodeAll([hex])).toEqual([[[name, value]]]);
  });

  test("C.3: requests without Huffman coding", () => {
    const blocks = [
      "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "8286 84be 5808 6e6f 2d63 6163 6865",
      "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ];
    expect(decodeAll(blocks)).toEqual(requests);
  });

  test("C.4: requests with Huffman coding", () => {
    const blocks = [
      "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
      "8286 84be 5886 a8eb 1064 9cbf",
      "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ];
    expect(decodeAll(blocks)).toEqual(requests);
  });

  // The table of C.5 and C.6 has 256 bytes: 3f e1 01 says so.
  test("C.5: responses without Huffman coding, with evictions", () => {
    const blocks = [
      `3fe101 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a
       3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
      "4803 3330 37c1 c0bf",
      `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a
       6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d
       6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31`,
    ];
    expect(decodeAll(blocks.map(withoutBreaks))).toEqual(responses);
  });

  test("C.6: responses with Huffman coding, with evictions", () => {
    const blocks = [
      `3fe101 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e
       919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
      "4883 640e ffc1 c0bf",
      `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d
       d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106
       3d50 07`,
    ];
    expect(decodeAll(blocks.map(withoutBreaks))).toEqual(responses);
  });
});

function withoutBreaks(hex: string): string {
  return hex.replaceAll(/\s/g, "");
}

const hexOf = (...parts: readonly Uint8Array[]) => Buffer.concat(parts).toString("hex");

describe("the dynamic table", () => {
  test("the newest field has index 62, and the oldest makes room", () => {
    const decoder = new HeaderDecoder();
    // 40 fields of 2 + 100 + 32 bytes: 4096 bytes hold 30 of them.
    for (let at = 0; at < 40; at += 1) {
      decodeAll([hexOf(indexedBlock([[String(at).padStart(2, "0"), "v".repeat(100)]]))], decoder);
    }
    expect(decodeAll(["be"], decoder)[0]?.[0]?.[0]).toBe("39");
    expect(decodeAll([hexOf(integer(0x80, 7, 62 + 29))], decoder)[0]?.[0]?.[0]).toBe("10");
    expect(() => decodeAll([hexOf(integer(0x80, 7, 62 + 30))], decoder)).toThrow(
      "no header field has this index",
    );
  });

  test("it holds 128 fields without a name or a value, and no more", () => {
    const decoder = new HeaderDecoder();
    for (let at = 0; at < 200; at += 1) decodeAll([hexOf(indexedBlock([["", ""]]))], decoder);
    expect(decodeAll([hexOf(integer(0x80, 7, 62 + 127))], decoder)).toEqual([[["", ""]]]);
    expect(() => decodeAll([hexOf(integer(0x80, 7, 62 + 128))], decoder)).toThrow("this index");
  });

  test("a field larger than the table empties it, and is a field all the same", () => {
    const decoder = new HeaderDecoder();
    decodeAll([hexOf(indexedBlock([["a", "b"]]))], decoder);
    const large: Fields = [["c", "d".repeat(4096)]];
    expect(decodeAll([hexOf(indexedBlock(large))], decoder)).toEqual([large]);
    expect(() => decodeAll(["be"], decoder)).toThrow("no header field has this index");
  });

  test("a literal may take its name from a field that it pushes out", () => {
    const decoder = new HeaderDecoder();
    decodeAll([hexOf(indexedBlock([["name", "v".repeat(4000)]]))], decoder);
    const value = Buffer.from(`7e${hexOf(integer(0, 7, 4000))}${"76".repeat(4000)}`, "hex");
    expect(decodeAll([hexOf(value)], decoder)[0]?.[0]?.[0]).toBe("name");
    expect(decodeAll(["be"], decoder)[0]?.[0]?.[0]).toBe("name");
  });

  test("a size of 0 empties it, and of several sizes each counts", () => {
    const decoder = new HeaderDecoder();
    decodeAll([hexOf(indexedBlock([["a", "b"]]))], decoder);
    // 0, then 4096.
    expect(decodeAll(["203fe11f"], decoder)).toEqual([[]]);
    expect(() => decodeAll(["be"], decoder)).toThrow("no header field has this index");
  });

  test("the generation tells whether a block has changed the table", () => {
    const decoder = new HeaderDecoder();
    const changes = ["82", hexOf(block([["a", "b"]])), "1001610162", "400161 0162", "be", "20"].map(
      (hex) => {
        const before = decoder.generation;
        decodeAll([hex], decoder);
        return decoder.generation > before;
      },
    );
    expect(changes).toEqual([false, false, false, true, false, true]);
  });
});

describe("what is no header block", () => {
  test.each([
    ["the index 0", "80"],
    ["an index beyond the table", "be"],
    ["a name beyond the table", "7f00 0161"],
    ["an integer without its end", "ff"],
    ["an integer that goes on", "ffff ff"],
    ["an integer too large", "ffff ffff ffff 7f"],
    ["an integer of many zeroes", "ff80 8080 8080 8000"],
    ["a literal without a name", "40"],
    ["a literal without a value", "4001 61"],
    ["a name without its end", "4002 61"],
    ["a value without its end", "4001 6105 61"],
    ["a length beyond the block", "4001 617f ffff ff07"],
    ["a wrong Huffman code", "4001 6181 00"],
    ["a table size beyond 4096", "3fe2 1f"],
    ["a table size behind a field", "8220"],
    ["a table size behind a literal", "0001 6101 6220"],
  ])("%s is refused", (_what, hex) => {
    expect(() => decodeAll([hex])).toThrow(expect.objectContaining({ code: 0x9 }));
  });

  test("sixty thousand table sizes cost no more than their bytes", () => {
    const bytes = Buffer.alloc(60_000, 0x20);
    const decode = () => new HeaderDecoder().decode(bytes, 0, bytes.length, [], 100);
    // Quadratic work takes seconds.
    expect(cpuMsOf(decode)).toBeLessThan(500);
  });
});

describe("a list that is too long", () => {
  const decoder = new HeaderDecoder();
  const first: Fields = [["a", "1"]];

  test("is told from one that is not, by names, values and 32 bytes for each field", () => {
    const bytes = block([
      ["name", "value"],
      ["name", "value"],
    ]);
    expect(decoder.decode(bytes, 0, bytes.length, [], 82)).toBe(true);
    expect(decoder.decode(bytes, 0, bytes.length, [], 81)).toBe(false);
  });

  test("is not kept, but the table is up to date", () => {
    const fields: Field[] = [];
    const bytes = indexedBlock([...first, ["b", "2".repeat(1000)], ["c", "3"]]);
    expect(decoder.decode(bytes, 0, bytes.length, fields, 100)).toBe(false);
    expect(fields.map(({ name }) => name)).toEqual(["a"]);
    expect(decodeAll(["bec0"], decoder)).toEqual([
      [
        ["c", "3"],
        ["a", "1"],
      ],
    ]);
  });
});
