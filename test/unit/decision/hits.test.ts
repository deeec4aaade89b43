import { describe, expect, test } from "@jest/globals";
import { hitsOf } from "../../../src/decision/hits.ts";
import { descriptorOf } from "../../support/decisions.ts";

describe("the hits of a descriptor", () => {
  test.each([
    ["nobody says a number: 1", undefined, 0, 1],
    ["the request says one", undefined, 3, 3],
    ["the descriptor's own goes before the request's", 5, 3, 5],
    ["the descriptor's own 0 looks only", 0, 3, 0],
    ["the descriptor's own 0 looks only, whatever the request's default", 0, 0, 0],
    ["the largest", undefined, 4_294_967_295, 4_294_967_295],
  ])("%s", (_, own, ofRequest, hits) => {
    expect(hitsOf(descriptorOf({ key: "value" }, { hitsAddend: own }), ofRequest)).toBe(hits);
  });
});
