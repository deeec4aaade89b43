import { expect, test } from "@jest/globals";
import { Exposition } from "../../../src/observe/exposition.ts";
import { HotHistogram } from "../../../src/observe/histogram.ts";
import { parseExposition, sampleValue } from "../../support/parse-exposition.ts";

test.each([
  ["below the first bound", 0.5, [1, 1, 1]],
  ["on a bound, which is inclusive", 1, [1, 1, 1]],
  ["between bounds", 1.5, [0, 1, 1]],
  ["on the last bound", 2, [0, 1, 1]],
  ["above the last bound", 3, [0, 0, 1]],
])("a value %s counts in every bucket from there on", (_, value, expected) => {
  const histogram = new HotHistogram([1, 2], { x: "y" });
  histogram.observe(value);
  const text = new Exposition().family("h", "histogram", "H.");
  histogram.write(text);
  const families = parseExposition(text.toString());
  const buckets = ["1", "2", "+Inf"].map((le) => sampleValue(families, "h_bucket", { x: "y", le }));
  expect(buckets).toEqual(expected);
  expect(sampleValue(families, "h_sum", { x: "y" })).toBe(value);
  expect(histogram.count).toBe(1);
});
