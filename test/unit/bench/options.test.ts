import { describe, expect, test } from "@jest/globals";
import { parseOptions } from "../../../bench/options.ts";
import { selectScenarios } from "../../../bench/selection.ts";
import { parseRivals } from "../../../bench/stage/rivals.ts";

describe("rivals", () => {
  test("are a name and a command on each line", () => {
    const text = "some/one=./one -p {grpcPort}\n\n two b = A=1 B=2 ./two --rls {grpcPort} --x=y \n";
    expect(parseRivals(text)).toEqual([
      { name: "some/one", command: "./one -p {grpcPort}" },
      { name: "two b", command: "A=1 B=2 ./two --rls {grpcPort} --x=y" },
    ]);
  });

  test.each(["./server {grpcPort}", "name=", "name=./server"])("are refused as %s", (text) => {
    expect(() => parseRivals(text)).toThrow("a command with {grpcPort}");
  });
});

describe("options of a run", () => {
  test("are those of a full run when none is given", () => {
    expect(parseOptions([], {})).toMatchObject({
      rounds: 3,
      seconds: 3,
      users: 100_000,
      names: [],
    });
  });

  test("of a quick run are shorter, and can be set one by one", () => {
    const args = ["--quick", "--rounds", "5", "--loads", "4x4,1k/s", "memory"];
    expect(parseOptions(args, { BENCH_RIVALS: "a=./a {grpcPort}" })).toMatchObject({
      rounds: 5,
      seconds: 1,
      users: 10_000,
      loads: ["4x4", "1k/s"],
      names: ["memory"],
      rivals: [{ name: "a", command: "./a {grpcPort}" }],
    });
  });

  test.each([
    ["--rounds", "0"],
    ["--seconds", "soon"],
    ["--users", "1e9"],
  ])("%s %s is refused with what is accepted", (name, value) => {
    expect(() => parseOptions([name, value], {})).toThrow(/a number from \S+ to \S+ is accepted/);
  });
});

describe("scenarios", () => {
  test("are all those of a full run, and some of a quick one", () => {
    const full = selectScenarios([], false);
    const quick = selectScenarios([], true);
    expect(quick.scenarios.length).toBeLessThan(full.scenarios.length);
    expect(full.scenarios).toEqual(expect.arrayContaining([...quick.scenarios]));
  });

  test("are chosen by name", () => {
    const { scenarios, facts } = selectScenarios(["tls", "idle"], true);
    expect(scenarios.map(({ name }) => name)).toEqual(["tls"]);
    expect(facts.map(({ name }) => name)).toEqual(["idle"]);
  });

  test("that are not there are told with those that are", () => {
    expect(() => selectScenarios(["singel"], false)).toThrow(/no scenario singel.*single/s);
  });
});
