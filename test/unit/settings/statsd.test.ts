import { describe, expect, test } from "@jest/globals";
import { readSettings } from "../../../src/settings.ts";
import { mistakesOf } from "../../support/settings.ts";

const statsd = (env: Record<string, string>) => readSettings(env).statsd;

describe("metrics are sent", () => {
  test.each<[string, Record<string, string>, string | undefined]>([
    ["not, as long as nobody asks", {}, undefined],
    ["to statsd when that is asked for", { USE_STATSD: "true" }, "statsd"],
    ["to statsd when its host is named", { STATSD_HOST: "a" }, "statsd"],
    [
      "not when that is refused, whatever host is named",
      { USE_STATSD: "0", STATSD_HOST: "a" },
      undefined,
    ],
    ["not when the host is named by nothing", { STATSD_HOST: "" }, undefined],
    ["to DogStatsD when that is asked for", { USE_DOG_STATSD: "1" }, "dogstatsd"],
    [
      "to DogStatsD alone when its host is named",
      { USE_DOG_STATSD: "1", STATSD_HOST: "a" },
      "dogstatsd",
    ],
    ["not without any statistics", { USE_STATSD: "1", DISABLE_STATS: "1" }, undefined],
    ["nor to DogStatsD", { USE_DOG_STATSD: "1", DISABLE_STATS: "1" }, undefined],
    // A Service of Kubernetes by that name sets this.
    ["not because of a port alone", { STATSD_PORT: "tcp://10.0.0.1:8125" }, undefined],
  ])("%s", (_, env, form) => {
    expect(statsd(env)?.form).toBe(form);
  });
});

describe("statsd is reached", () => {
  test("by the reference's defaults", () => {
    expect(statsd({ USE_STATSD: "true" })).toEqual({
      form: "statsd",
      protocol: "tcp",
      family: 0,
      host: "localhost",
      port: 8125,
      flushMs: 10_000,
      globalTags: [],
      mogrifiers: [],
    });
  });

  test.each([
    ["tcp4", "tcp", 4],
    ["tcp6", "tcp", 6],
    ["udp", "udp", 0],
    ["udp4", "udp", 4],
    ["udp6", "udp", 6],
  ])("by %s", (STATSD_PROTOCOL, protocol, family) => {
    expect(statsd({ STATSD_HOST: "h", STATSD_PORT: "9", STATSD_PROTOCOL })).toMatchObject({
      protocol,
      family,
      host: "h",
      port: 9,
    });
  });

  test("DogStatsD by UDP, whatever the protocol of statsd is", () => {
    expect(statsd({ USE_DOG_STATSD: "true", STATSD_PROTOCOL: "tcp6" })).toMatchObject({
      protocol: "udp",
      family: 0,
    });
  });

  test("not by anything else", () => {
    expect(mistakesOf({ STATSD_PROTOCOL: "sctp" })).toEqual([
      'STATSD_PROTOCOL: "sctp" is not accepted; accepted: tcp, tcp4, tcp6, udp, udp4, udp6',
    ]);
  });
});

test("both at once are refused, as by the reference", () => {
  expect(mistakesOf({ USE_STATSD: "true", USE_DOG_STATSD: "true" })).toEqual([
    "USE_STATSD, USE_DOG_STATSD: unable to use more than one stats sink at the same time; accepted: one of them, and Prometheus in any case",
  ]);
  expect(statsd({ USE_STATSD: "1", USE_DOG_STATSD: "1", DISABLE_STATS: "1" })).toBeUndefined();
  expect(statsd({ USE_STATSD: "1", USE_PROMETHEUS: "1" })?.form).toBe("statsd");
});

test("tags of Datadog's environment come in Datadog's order", () => {
  const env = { DD_VERSION: "7", DD_ENTITY_ID: "pod-uid", DD_ENV: "live", DD_SERVICE: "" };
  expect(statsd({ USE_DOG_STATSD: "true", ...env })?.globalTags).toEqual([
    "dd.internal.entity_id:pod-uid",
    "env:live",
    "version:7",
  ]);
});

describe("mogrifiers", () => {
  const dog = (names: string, env: Record<string, string> = {}) => ({
    USE_DOG_STATSD: "true",
    USE_DOG_STATSD_MOGRIFIERS: names,
    ...env,
  });

  test("are read by their names, in the order in which they are named", () => {
    const env = dog("tag,TWO", {
      DOG_STATSD_MOGRIFIER_TAG_PATTERN: "^a\\.(.*)$",
      DOG_STATSD_MOGRIFIER_TAG_NAME: "b.$1",
      DOG_STATSD_MOGRIFIER_TAG_TAGS: "x:$1,y:z",
      DOG_STATSD_MOGRIFIER_TWO_PATTERN: "c",
      DOG_STATSD_MOGRIFIER_TWO_NAME: "d",
    });
    expect(statsd(env)?.mogrifiers).toEqual([
      {
        pattern: "^a\\.(.*)$",
        name: "b.$1",
        tags: new Map([
          ["x", "$1"],
          ["y", "z"],
        ]),
      },
      { pattern: "c", name: "d", tags: new Map() },
    ]);
  });

  test.each<[string, Record<string, string>, string]>([
    [
      "no pattern",
      {},
      "PATTERN: no PATTERN specified for mogrifier T; accepted: a regular expression",
    ],
    [
      "a pattern that is none in Go",
      { PATTERN: "a(?=b)" },
      "PATTERN: failed to compile pattern for T: error parsing regexp: invalid or unsupported Perl syntax: `(?=`; accepted: a regular expression in the syntax of Go",
    ],
    [
      "no name",
      { PATTERN: "a", NAME: "" },
      "NAME: no NAME specified for mogrifier T; accepted: a name, with $1 for a group",
    ],
    [
      "tags that are none",
      { PATTERN: "a", NAME: "b", TAGS: "x" },
      "TAGS: failed to load mogrifier T; accepted: key:value pairs between commas",
    ],
    [
      "a tag without a key",
      { PATTERN: "a", NAME: "b", TAGS: ":5" },
      "TAGS: no key specified for tag  for mogrifier T; accepted: key:value pairs between commas, neither of them empty",
    ],
    [
      "a tag without a value",
      { PATTERN: "a", NAME: "b", TAGS: "x:$1,y:" },
      "TAGS: no value specified for tag y for mogrifier T; accepted: key:value pairs between commas, neither of them empty",
    ],
  ])("with %s are refused in the reference's words", (_, given, mistake) => {
    const env = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [`DOG_STATSD_MOGRIFIER_T_${name}`, value]),
    );
    expect(mistakesOf(dog("T", env))).toEqual([`DOG_STATSD_MOGRIFIER_T_${mistake}`]);
  });

  test("have no effect without DogStatsD, and that is told", () => {
    expect(readSettings({ STATSD_HOST: "a", USE_DOG_STATSD_MOGRIFIERS: "T" }).warnings).toEqual([
      "USE_DOG_STATSD_MOGRIFIERS has no effect: metrics are not sent to DogStatsD",
    ]);
  });
});
