import { describe, expect, test } from "@jest/globals";
import { statTags } from "../../../../src/observe/extra-tags.ts";
import {
  type DogStatsdOptions,
  dogStatsdLines,
  statsdLines,
} from "../../../../src/observe/statsd/line.ts";

const tags = statTags(
  new Map([
    ["env", "prod"],
    ["az", "eu.1"],
  ]),
);

describe("statsd", () => {
  test("has the tags in the name, as the reference writes them", () => {
    const writer = statsdLines(tags);
    expect(writer.write("ratelimit.service.config_load_success", "c", 2)).toBe(
      "ratelimit.service.config_load_success.__az=eu_1.__env=prod:2|c",
    );
    expect([...writer.writeTimings("a", 0.25, 1)]).toEqual(["a.__az=eu_1.__env=prod:0.25|ms"]);
    expect(statsdLines([]).write("a", "g", 7)).toBe("a:7|g");
  });

  test("a line break in a name, which a caller could send, begins no metric", () => {
    expect(statsdLines([]).write("a.k_x\nfake:1|c\r", "c", 1)).toBe("a.k_x_fake:1|c_:1|c");
  });
});

describe("DogStatsD", () => {
  const write = (options: Partial<DogStatsdOptions> = {}) =>
    dogStatsdLines(tags, { globalTags: [], mogrifiers: [], ...options });

  test("has tags of their own: those of the environment, the extra ones, then the mogrifier's", () => {
    const writer = write({
      globalTags: ["env:live"],
      mogrifiers: [
        { pattern: "^a\\.(.*)$", name: "b.$1", tags: new Map([["from", "$0"]]) },
        { pattern: ".*", name: "never", tags: new Map() },
      ],
    });
    expect(writer.write("a.x", "c", 3)).toBe("b.x:3|c|#env:live,az:eu_1,env:prod,from:a.x");
    expect([...writer.writeTimings("a.t", 1.5, 1)]).toEqual([
      "b.t:1.500000|ms|#env:live,az:eu_1,env:prod,from:a.t",
    ]);
    expect(dogStatsdLines([], { globalTags: [], mogrifiers: [] }).write("a", "g", 1)).toBe("a:1|g");
  });

  test("a value that a caller sends can be no further tag and no further metric", () => {
    const mogrifiers = [{ pattern: "k_(.*)$", name: "k", tags: new Map([["value", "$1"]]) }];
    expect(dogStatsdLines([], { globalTags: [], mogrifiers }).write("k_a,env:x\nb", "c", 1)).toBe(
      "k:1|c|#value:a_env:x_b",
    );
  });
});

describe("many calls that took as long", () => {
  const countsOf = (count: number) =>
    [...statsdLines([]).writeTimings("a", 1, count)].map((line) => {
      const [head, rate] = line.split("|@");
      expect(head).toBe("a:1|ms");
      expect(rate ?? "1").toMatch(/^[0-9.]+$/);
      return Math.trunc(1 / Number(rate ?? 1));
    });

  test("are one line whose rate stands for exactly as many, also when its fraction is cut off", () => {
    for (let count = 1; count <= 100_000; count += count < 3_000 ? 1 : 7_919) {
      expect(countsOf(count)).toEqual([count]);
    }
  });

  test("are several lines when one could not say it without an exponent", () => {
    expect(countsOf(250_001)).toEqual([100_000, 100_000, 50_001]);
  });
});
