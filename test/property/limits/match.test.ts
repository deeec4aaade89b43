import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { counterKey } from "../../../src/decision/key.ts";
import type { Entry } from "../../../src/limits/descriptor.ts";
import { explainDescriptor } from "../../../src/limits/explain.ts";
import { printExplanation } from "../../../src/limits/explain-text.ts";
import { matchDescriptor } from "../../../src/limits/match.ts";
import { domainOf } from "../../support/rules.ts";
import { finalKey, matchNaively, type PlainRule } from "./naive-matcher.ts";

/** Few characters, so that keys, values and patterns meet in every way. */
const text = (minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom("a", "b", "_", "_", "*"), minLength, maxLength });

const flag = fc.option(fc.constant(true), { freq: 2, nil: undefined });

const { rules } = fc.letrec<{ rules: PlainRule[]; rule: PlainRule }>((tie) => ({
  rules: fc.uniqueArray(tie("rule"), { minLength: 1, maxLength: 6, selector: finalKey }),
  rule: fc
    .record(
      {
        key: text(1, 3),
        value: text(0, 4),
        rate_limit: fc.record({
          unit: fc.constant("day"),
          requests_per_unit: fc.nat(1_000_000),
        }),
        detailed_metric: flag,
        value_to_metric: flag,
        share_threshold: flag,
        descriptors: fc.oneof({ depthSize: "small" }, fc.constant([]), tie("rules")),
      },
      { requiredKeys: ["key"] },
    )
    .map((rule) => shareOnlyWildcards(rule as PlainRule)),
}));

/** Anything else is refused. */
function shareOnlyWildcards(rule: PlainRule): PlainRule {
  return finalKey(rule).includes("*") ? rule : { ...rule, share_threshold: false };
}

/** Entries that follow the rules more often than chance would: a final key with its stars filled in, cut at an underscore. */
function entriesFor(domain: readonly PlainRule[], choices: readonly Choice[]): Entry[] {
  let level = domain;
  return choices.map(({ at, fill, cut, other }) => {
    const rule = level[at % (level.length + 1)];
    level = rule?.descriptors ?? [];
    if (rule === undefined) return other;
    const filled = finalKey(rule).replaceAll("*", fill);
    const underscores = Array.from(filled.matchAll(/_/g), ({ index }) => index);
    const place = underscores[cut % (underscores.length + 1)];
    return place === undefined
      ? { key: filled, value: other.value }
      : { key: filled.slice(0, place), value: filled.slice(place + 1) };
  });
}

interface Choice {
  readonly at: number;
  readonly fill: string;
  readonly cut: number;
  readonly other: Entry;
}

const choices = fc.array(
  fc.record({
    at: fc.nat(6),
    fill: text(0, 2),
    cut: fc.nat(4),
    other: fc.record({ key: text(1, 3), value: text(0, 4) }),
  }),
  { minLength: 1, maxLength: 4 },
);

const cases = fc.tuple(rules, fc.array(choices, { minLength: 1, maxLength: 20 }));

function descriptor(entries: readonly Entry[]) {
  return { entries, override: undefined, hitsAddend: undefined, isNegativeHits: false };
}

test("compiled rules match as the reference's lookup, tried rule by rule", () => {
  let matches = 0;
  fc.assert(
    fc.property(cases, ([plain, asked]) => {
      const domain = domainOf(JSON.stringify({ domain: "d", descriptors: plain }));
      for (const chosen of asked) {
        const entries = entriesFor(plain, chosen);
        const match = matchDescriptor(domain, descriptor(entries));
        const expected = matchNaively("d", plain, entries);
        matches += expected === undefined ? 0 : 1;
        expect(match?.limit.requestsPerUnit).toBe(expected?.rule.rate_limit?.requests_per_unit);
        expect(match?.statsKey).toBe(expected?.statsKey);
        expect(match?.sharePatterns).toEqual(expected?.sharePatterns);
      }
    }),
    { numRuns: 500 },
  );
  // Lest everything was compared with nothing.
  expect(matches).toBeGreaterThan(500);
});

test("an explanation ends where the lookup ends", () => {
  fc.assert(
    fc.property(cases, ([plain, asked]) => {
      const domain = domainOf(JSON.stringify({ domain: "d", descriptors: plain }));
      for (const chosen of asked) {
        const entries = entriesFor(plain, chosen);
        const explanation = explainDescriptor(domain, descriptor(entries));
        const match = matchDescriptor(domain, descriptor(entries));
        expect(explanation.match).toEqual(match);
        expect(explanation.outcome === "limited").toBe(match !== undefined);
        expect(printExplanation(explanation)).toContain("=> ");
      }
    }),
    { numRuns: 100 },
  );
});

test("what a match knows of its counter's key beforehand is what its entries say", () => {
  let known = 0;
  fc.assert(
    fc.property(cases, ([plain, asked]) => {
      const domain = domainOf(JSON.stringify({ domain: "d", descriptors: plain }));
      for (const chosen of asked) {
        const entries = entriesFor(plain, chosen);
        const match = matchDescriptor(domain, descriptor(entries));
        if (match?.keyPath === undefined) continue;
        known += 1;
        const spelledOut = { ...match, keyPath: undefined };
        expect(counterKey("p_", "d", entries, match, 60)).toBe(
          counterKey("p_", "d", entries, spelledOut, 60),
        );
      }
    }),
    { numRuns: 1_000 },
  );
  expect(known).toBeGreaterThan(50);
});
