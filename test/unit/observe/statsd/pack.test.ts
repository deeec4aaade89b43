import { expect, test } from "@jest/globals";
import { lineBytesMax, Pack } from "../../../../src/observe/statsd/pack.ts";

/** What comes out of a pack, in its pieces. */
function pack(bytesMax: number, lines: readonly string[]): readonly string[] {
  const packed = new Pack(bytesMax);
  const pieces = lines.map((line) => packed.add(line));
  pieces.push(packed.take());
  expect(packed.take()).toBeUndefined();
  return pieces.flatMap((piece) => piece?.toString("latin1") ?? []);
}

test("lines are put together up to the bound, and never taken apart", () => {
  expect(pack(9, ["ab:1|c", "c", "d", "efg:123|g", "h"])).toEqual([
    "ab:1|c\nc\n",
    "d\n",
    "efg:123|g\n",
    "h\n",
  ]);
  expect(pack(100, [])).toEqual([]);
});

test("the bound is one of bytes, and every byte of a caller's text stays what it was", () => {
  // The second name holds the byte FF, which is no character.
  expect(pack(6, ["é", "k\uDCFF", "x"])).toEqual(["\u00c3\u00a9\n", "k\u00ff\n", "x\n"]);
});

test("a line that no receiver would read to its end is left out", () => {
  const longest = "x".repeat(lineBytesMax - 1);
  expect(pack(100, ["a", `${longest}x`, longest, "b"])).toEqual(["a\n", `${longest}\n`, "b\n"]);
});
