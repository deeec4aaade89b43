import { describe, expect, test } from "@jest/globals";
import { parseLayout, parseRedirection } from "../../../src/counters/cluster-layout.ts";

describe("the layout of a cluster", () => {
  test("names the master of each range, not its replicas", () => {
    const reply = [
      [0, 5460, ["10.0.0.1", 6379, "id", []], ["10.0.0.4", 6379, "id", []]],
      [5461, 16383, ["redis-b.example.com", 7000, "id"]],
    ];
    expect(parseLayout(reply, "seed")).toEqual([
      { first: 0, last: 5460, master: { host: "10.0.0.1", port: 6379 } },
      { first: 5461, last: 16383, master: { host: "redis-b.example.com", port: 7000 } },
    ]);
  });

  test.each([[null], [""]])(
    "takes a node without a name (%j) for the one that was asked",
    (host) => {
      expect(parseLayout([[0, 16383, [host, 6379]]], "seed")[0]?.master.host).toBe("seed");
    },
  );

  test("leaves out nodes that nobody can name, and ranges that make no sense", () => {
    const good = [0, 1, ["a", 1]];
    const bad = [
      [0, 1, ["?", 1]],
      [0, 16_384, ["a", 1]],
      [0, 1, ["a", 0]],
      [0, 1],
      "x",
      [0, 1, "a"],
    ];
    expect(parseLayout([...bad, good], "seed")).toHaveLength(1);
  });

  test.each([[[]], ["text"], [[[0, 1]]]])("is refused without a range: %j", (reply) => {
    expect(() => parseLayout(reply, "seed")).toThrow("the cluster has no slots yet");
  });
});

describe("a redirection", () => {
  test.each([
    ["MOVED 3999 127.0.0.1:6381", "MOVED", 3999, "127.0.0.1", 6381],
    ["ASK 0 redis-a.example.com:6379", "ASK", 0, "redis-a.example.com", 6379],
    ["MOVED 16383 fd00::1:6379", "MOVED", 16383, "fd00::1", 6379],
    ["MOVED 1 :6379", "MOVED", 1, "asked", 6379],
  ])("%j is understood", (text, kind, slot, host, port) => {
    expect(parseRedirection(text, "asked")).toEqual({ kind, slot, address: { host, port } });
  });

  test.each([
    ["CLUSTERDOWN The cluster is down"],
    ["MOVED"],
    ["MOVED 16384 a:1"],
    ["MOVED __proto__ a:1"],
    ["MOVED 1 a"],
    ["MOVED 1 a:0"],
    ["MOVED 1 a:65536"],
  ])("%j is none", (text) => {
    expect(parseRedirection(text, "asked")).toBeUndefined();
  });
});
