import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { runBuilt } from "../../support/run-node.ts";
import { roomInDay } from "../../support/window.ts";

const rules = join(import.meta.dirname, "../../../envoy/rules");

describe("velocitygate explain", () => {
  const explain = (...args: string[]) =>
    runBuilt("cli/main.js", ["explain", "--rules", rules, ...args]);

  test("names the rule, its place, the step and the counter's key", async () => {
    const { output, exit } = await explain("--domain", "api", "path=/search/cats");
    expect(output).toContain(`wildcard: api.path_/search/* (${rules}/api.yaml:`);
    expect(output).toContain("limited to 5 per minute");
    expect(output).toMatch(/counted in api_path_\/search\/\*_\d+0\n$/);
    expect(exit.code).toBe(0);
  });

  test("says why another rule did not match", async () => {
    const { output } = await explain("--domain", "api", "plan=pro");
    expect(output).toContain("matches too, but comes later (any value): api.plan (");
    expect(output).toContain("those nested in it need more entries");
    expect(output).not.toContain("counted in");
  });

  test("prints JSON for a program to read", async () => {
    const { output } = await explain("--domain", "login", "--json", "--key-prefix", "p:", "user=x");
    expect(JSON.parse(output)).toMatchObject({
      domain: "login",
      outcome: "limited",
      key: expect.stringMatching(/^p:login_user_x_\d+$/),
    });
  });

  test("names the counter of a calendar month, when that is what is counted", async () => {
    const directory = await mkdtemp(join(tmpdir(), "velocitygate-explain-"));
    const file = join(directory, "month.yaml");
    const limit = "{ unit: month, requests_per_unit: 1 }";
    await writeFile(file, `domain: d\ndescriptors: [{ key: k, rate_limit: ${limit} }]\n`);
    await roomInDay(10);
    const months = ["--calendar-months", "--rules", file, "--domain", "d", "k=v"];
    const { output } = await runBuilt("cli/main.js", ["explain", ...months]);
    const now = new Date();
    const start = Date.UTC(now.getUTCFullYear(), now.getUTCMonth()) / 1000;
    expect(output).toContain(`counted in d_k_v_${start}\n`);
    await rm(directory, { recursive: true });
  });

  test("explains the example rules when none are named", async () => {
    const { output } = await runBuilt("cli/main.js", ["explain", "--domain", "login", "user=root"]);
    expect(output).toContain("limited to 0 per minute");
  });

  test("says which domains there are when the one asked for is none of them", async () => {
    const { output, exit } = await explain("--domain", "nowhere", "a=b");
    expect(output).toContain("they have: api, login, mesh, reports");
    expect(exit.code).toBe(1);
  });
});
