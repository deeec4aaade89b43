import { describe, expect, test } from "@jest/globals";
import { createMogrify, type Mogrifier } from "../../../../src/observe/statsd/mogrifiers.ts";
import { cpuMsOf } from "../../../support/cpu-time.ts";

const limits = "^ratelimit\\.service\\.rate_limit\\.(.*)\\.(.*)\\.(.*)$";
const name = "ratelimit.service.rate_limit.mongo_cps.database_users.within_limit";

const mogrifier = (pattern: string, newName: string, tags = {}): Mogrifier => ({
  pattern,
  name: newName,
  tags: new Map(Object.entries(tags)),
});

const both = { domain: "$1", descriptor: "$2" };

describe("a mogrifier", () => {
  test.each<[string, readonly Mogrifier[], string, string, readonly string[]]>([
    [
      "takes parts of the name to tags",
      [mogrifier(limits, "ratelimit.service.rate_limit.$3", both)],
      name,
      "ratelimit.service.rate_limit.within_limit",
      ["domain:mongo_cps", "descriptor:database_users"],
    ],
    [
      "leaves the number of a group that is not there",
      [mogrifier(limits, "limit.$3", { ...both, descriptor: "$5" })],
      name,
      "limit.within_limit",
      ["domain:mongo_cps", "descriptor:$5"],
    ],
    [
      "may set what the name does not tell",
      [mogrifier(limits, "limit.$3", { team: "payments" })],
      name,
      "limit.within_limit",
      ["team:payments"],
    ],
    [
      "passes over what it does not match",
      [mogrifier(limits, "x")],
      "some.metric",
      "some.metric",
      [],
    ],
    [
      "need not match all of the name",
      [mogrifier("config_load", "load.$0")],
      "a.config_load_error",
      "load.config_load",
      [],
    ],
    [
      "has nothing for a group that took no part",
      [mogrifier("^(a)|(b)", "x.$1.$2", {})],
      "b",
      "x..b",
      [],
    ],
  ])("%s", (_, mogrifiers, given, mogrified, tags) => {
    const mogrify = createMogrify(mogrifiers);
    expect(mogrify(given)).toEqual({ name: mogrified, tags });
    expect(mogrify(given)).toEqual({ name: mogrified, tags });
  });

  test("of several the first that matches counts", () => {
    const mogrify = createMogrify([
      mogrifier("^ratelimit\\.service\\.rate_limit\\.(.*)\\.(.*)\\.foo$", "custom.foo", both),
      mogrifier(limits, "ratelimit.service.rate_limit.$3", both),
    ]);
    expect(mogrify("ratelimit.service.rate_limit.d.k.foo").name).toBe("custom.foo");
    expect(mogrify(name).name).toBe("ratelimit.service.rate_limit.within_limit");
  });

  test("takes a moment, whatever a caller has put into the name", () => {
    const mogrify = createMogrify([mogrifier("^(.*)\\.(.*)\\.(.*)\\.(.*)\\.(.*)!$", "x")]);
    expect(cpuMsOf(() => mogrify(`${".a".repeat(4_000)}?`))).toBeLessThan(1_000);
  });
});
