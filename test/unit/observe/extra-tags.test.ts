import { afterEach, describe, expect, test } from "@jest/globals";
import {
  extraLabels,
  extraLabelText,
  statTags,
  tagSuffix,
} from "../../../src/observe/extra-tags.ts";
import { createMetrics, type Metrics } from "../../../src/observe/metrics.ts";
import { keptLog } from "../../support/kept-log.ts";
import { parseExposition } from "../../support/parse-exposition.ts";

const tags = new Map([
  ["env", "prod"],
  ["az", "eu-1.a:b|c"],
  ["empty", ""],
  ["", "nameless"],
]);

const opened: Metrics[] = [];
afterEach(() => {
  for (const metrics of opened.splice(0)) metrics.close();
});

test("the reference's names end with the tags, by their keys; empty ones are left out", () => {
  expect(tagSuffix(statTags(tags))).toBe(".__az=eu-1_a_b_c.__env=prod");
  expect(tagSuffix(statTags(new Map()))).toBe("");
  expect(tagSuffix(statTags(new Map([["a\nb", "c\nd"]])))).toBe(".__a_b=c_d");
});

describe("in Prometheus", () => {
  test("tags are labels with the values as they are", () => {
    expect(extraLabels(tags)).toEqual({ env: "prod", az: "eu-1.a:b|c" });
    expect(extraLabelText(new Map([["a", 'x"y']]))).toBe('a="x\\"y"');
    expect(extraLabelText(new Map())).toBe("");
  });

  test("a name that no label can have is made one, or left out when metrics have it", () => {
    const odd = ["my-tag", "1st", "domain", "grpc-method", "__name__"];
    expect(extraLabels(new Map(odd.map((name) => [name, "x"])))).toEqual({
      my_tag: "x",
      _1st: "x",
    });
  });

  test("every sample of every metric has them", async () => {
    const metrics = createMetrics({ version: "1", log: keptLog(), extraTags: tags });
    opened.push(metrics);
    metrics.limitStats("d.k.l").overLimitWithLocalCache = 1;
    metrics.domainNotFound("nowhere");
    metrics.observeCall("ShouldRateLimit", 0.001);
    metrics.observeStore(0.001, 1);
    metrics.gauge({ name: "velocitygate_x", help: "X.", read: () => 1 });
    const families = parseExposition((await metrics.expose()).body.toString());
    const samples = [...families.values()].flatMap((family) => family.samples);
    expect(samples.length).toBeGreaterThan(100);
    for (const { labels } of samples) {
      expect(labels).toMatchObject({ env: "prod", az: "eu-1.a:b|c" });
    }
  });
});
