import { describe, expect, test } from "@jest/globals";
import { keySlot } from "../../../src/counters/key-slot.ts";

describe("the slot of a key", () => {
  // As a Redis 7.0.15 answers to CLUSTER KEYSLOT.
  test.each([
    ["", 0],
    ["123456789", 12739],
    ["foo", 12182],
    ["bar", 5061],
    ["ä", 13929],
    ["\udce4\udcff", 646],
  ])("of %j is %i", (key, slot) => {
    expect(keySlot(key)).toBe(slot);
  });

  test.each([
    ["{user1000}.following", 3443, "the text in braces"],
    ["foo{bar}{zap}", 5061, "the first pair of braces"],
    ["foo{{bar}}zap", 4015, "up to the first closing brace"],
    ["日本{ü}x", 9552, "in UTF-8"],
    ["foo{}{bar}", 8363, "the whole key when the first pair is empty"],
    ["a}b{", 6027, "the whole key when nothing is closed"],
    ["{}", 15257, "the whole key when there is nothing else"],
    ["{a", 10276, "the whole key when a brace is missing"],
  ])("of %j is %i: %s counts", (key, slot) => {
    expect(keySlot(key)).toBe(slot);
  });
});
