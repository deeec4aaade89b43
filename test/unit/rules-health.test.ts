import { describe, expect, test } from "@jest/globals";
import { Health } from "../../src/health.ts";
import { loadRules } from "../../src/limits/load.ts";
import { followRulesHealth } from "../../src/rules-health.ts";
import { readSettings } from "../../src/settings.ts";
import { ManualTimers } from "../support/manual-timers.ts";

const noRules = loadRules([], { mergeDomains: false });
const rules = loadRules([{ name: "a.yaml", text: "domain: d" }], { mergeDomains: false });
const xds = { CONFIG_TYPE: "GRPC_XDS_SOTW" };

function follow(env: Readonly<Record<string, string>>) {
  const health = new Health(["rules"]);
  const timers = new ManualTimers();
  const loaded = followRulesHealth(health, readSettings(env).rules, timers);
  return { health, timers, loaded };
}

describe("health", () => {
  test("waits for rules of the xDS server, however long it takes", () => {
    const { health, timers, loaded } = follow(xds);
    timers.advance(3_600_000);
    expect(health.failing).toEqual(["rules"]);
    loaded(noRules);
    expect(health.isServing).toBe(true);
  });

  test("waits five seconds for them when the service may start without", () => {
    const { health, timers } = follow({ ...xds, FORCE_START_WITHOUT_INITIAL_CONFIG: "true" });
    timers.advance(4_999);
    expect(health.failing).toEqual(["rules"]);
    timers.advance(1);
    expect(health.isServing).toBe(true);
  });

  test("is there at once when they come earlier", () => {
    const { health, timers, loaded } = follow({
      ...xds,
      FORCE_START_WITHOUT_INITIAL_CONFIG: "true",
    });
    loaded(rules);
    expect(health.isServing).toBe(true);
    expect(timers.pending).toBe(0);
  });

  test("needs a domain when that is asked for, with whichever other settings", () => {
    const { health, timers, loaded } = follow({
      ...xds,
      FORCE_START_WITHOUT_INITIAL_CONFIG: "true",
      HEALTHY_WITH_AT_LEAST_ONE_CONFIG_LOADED: "true",
    });
    timers.advance(60_000);
    expect(health.failing).toEqual(["rules"]);
    loaded(rules);
    expect(health.isServing).toBe(true);
    loaded(noRules);
    expect(health.failing).toEqual(["rules"]);
  });

  test("with rule files does not come by waiting", () => {
    const { health, timers } = follow({ FORCE_START_WITHOUT_INITIAL_CONFIG: "true" });
    timers.advance(60_000);
    expect(health.failing).toEqual(["rules"]);
  });
});
