import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { runBuilt } from "../../support/run-node.ts";
import { startGate, type TestGate } from "../../support/velocitygate.ts";

const rules = {
  "rules.yaml": `domain: shop
descriptors:
  - {key: user, rate_limit: {name: per_user, unit: day, requests_per_unit: 2}}
  - {key: plan, value: gold, rate_limit: {unlimited: true}}
`,
};

describe("velocitygate ask", () => {
  let gate: TestGate;
  let address: string;

  beforeAll(async () => {
    gate = await startGate({ rules });
    address = `127.0.0.1:${gate.grpcPort}`;
  });

  afterAll(() => gate.stop());

  const ask = (...args: string[]) =>
    runBuilt("cli/main.js", ["ask", "--address", address, ...args]);

  test("prints what is left, then that the limit is exceeded", async () => {
    const { output, exit } = await ask("--domain", "shop", "user=ann", "--times", "3");
    const lines = output.trimEnd().split("\n");
    expect(lines[0]).toMatch(
      /^OK {10}1 of 2 per day left by «per_user», new window in \d+ s {2}\(user=ann\)$/,
    );
    expect(lines[2]).toMatch(/^OVER_LIMIT {2}0 of 2 per day left/);
    expect(exit.code).toBe(0);
  });

  test("asks several descriptors in one request and says the overall code", async () => {
    const { output } = await ask(
      "--domain",
      "shop",
      "--descriptor",
      "plan=gold",
      "--descriptor",
      "nobody=x",
    );
    expect(output).toBe(
      "OK          unlimited  (plan=gold)\nOK          no limit applies  (nobody=x)\nOK overall\n",
    );
  });

  test("prints one line of JSON for a program to read", async () => {
    const { output } = await ask("--domain", "shop", "--json", "user=bob");
    expect(JSON.parse(output)).toMatchObject({
      overallCode: "OK",
      statuses: [{ code: "OK", limit: { requestsPerUnit: 2, unit: "DAY" }, remaining: 1 }],
    });
  });

  test("exits 1 and says why when there is no answer", async () => {
    const { output, exit } = await runBuilt("cli/main.js", [
      ...["ask", "--address", "127.0.0.1:1", "--timeout", "500", "--domain", "shop", "user=x"],
    ]);
    expect(output).toContain("no answer from 127.0.0.1:1");
    expect(exit.code).toBe(1);
  });

  test.each([
    [["--domain", "shop"], "name at least one entry, as key=value"],
    [["user=x"], "--domain is missing"],
    [["--domain", "shop", "=x"], "has no key"],
    [["--domain", "shop", "--hits", "-1", "user=x"], "--hits"],
    [["--domain", "shop", "--colour", "user=x"], "--colour"],
  ])("exits 2 and says what is accepted for %j", async (args, text) => {
    const { output, exit } = await ask(...args);
    expect(output).toContain(text);
    expect(exit.code).toBe(2);
  });
});
