import { describe, expect, test } from "@jest/globals";
import { decodeHuffman } from "../../../src/grpc/h2/huffman.ts";

function decode(hex: string): string | undefined {
  const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
  const into = Buffer.alloc(2 * bytes.length);
  const end = decodeHuffman(bytes, 0, bytes.length, into, 0);
  return end < 0 ? undefined : into.toString("latin1", 0, end);
}

describe("the Huffman code", () => {
  // RFC 7541, Appendix C.4 and C.6.
  test.each([
    ["f1e3 c2e5 f23a 6ba0 ab90 f4ff", "www.example.com"],
    ["a8eb 1064 9cbf", "no-cache"],
    ["25a8 49e9 5ba9 7d7f", "custom-key"],
    ["25a8 49e9 5bb8 e8b4 bf", "custom-value"],
    ["6402", "302"],
    ["640e ff", "307"],
    ["aec3 771a 4b", "private"],
    ["d07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff", "Mon, 21 Oct 2013 20:13:21 GMT"],
    ["9d29 ad17 1863 c78f 0b97 c8e9 ae82 ae43 d3", "https://www.example.com"],
    ["9bd9 ab", "gzip"],
    ["", ""],
  ])("%s is %s", (hex, text) => {
    expect(decode(hex)).toBe(text);
  });

  test("a symbol of thirty bits is one symbol", () => {
    // 0x0a is 0x3ffffffc in 30 bits; two ones of padding follow.
    expect(decode("ffff fff3")).toBe("\n");
  });

  test.each([
    ["padding of a whole byte", "6402 ff"],
    ["padding of zeroes", "18"],
    ["padding that is a part of a symbol, though all ones but the last", "64fe"],
    ["the symbol for the end of the string", "ffff ffff"],
    ["the symbol for the end of the string, and more", "ffff fffc 6402"],
  ])("%s is refused", (_what, hex) => {
    expect(decode(hex)).toBeUndefined();
  });

  test("a string is decoded from the middle of a buffer, to where it belongs", () => {
    const bytes = Buffer.from("00aec3771a4b00", "hex");
    const into = Buffer.alloc(20, ".");
    expect(decodeHuffman(bytes, 1, 6, into, 3)).toBe(10);
    expect(into.toString("latin1")).toBe("...private..........");
  });
});
