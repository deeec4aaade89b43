import { describe, expect, test } from "@jest/globals";
import { isSrvRecord, type ResolveSrv, serversOf } from "../../../../src/counters/memcache/srv.ts";
import { SrvWatch } from "../../../../src/counters/memcache/srv-watch.ts";
import { eventually } from "../../../support/eventually.ts";
import { keptLog } from "../../../support/kept-log.ts";

describe("a record", () => {
  // The reference's tests have the first and the last.
  test.each([
    ["_something._tcp.example.org", true],
    ["_memcache._tcp.cache.svc.cluster.local.", true],
    ["memcache._tcp.example.org", false],
    ["_memcache.tcp.example.org", false],
    ["_memcache._tcp.", false],
    ["example.org", false],
  ])("%s: %s", (text, expected) => {
    expect(isSrvRecord(text)).toBe(expected);
  });
});

describe("the servers that a record names", () => {
  test("are in the order of the reference's texts, in which names end with a dot", () => {
    const answers = [
      { name: "b.example", port: 11211 },
      { name: "a.example", port: 9 },
      { name: "a.example.org", port: 1 },
      { name: "a.example", port: 11211 },
    ];
    expect(serversOf(answers)).toEqual([
      // «a.example.:11211» is before «a.example.:9», and both before «a.example.org.:1», as «:» is before «o».
      { host: "a.example", port: 11211 },
      { host: "a.example", port: 9 },
      { host: "a.example.org", port: 1 },
      { host: "b.example", port: 11211 },
    ]);
  });

  test("are the same whether or not the names come with a dot", () => {
    const bare = [
      { name: "b", port: 1 },
      { name: "a", port: 1 },
    ];
    const dotted = bare.map(({ name, port }) => ({ name: `${name}.`, port }));
    expect(serversOf(dotted)).toEqual(serversOf(bare));
  });
});

describe("asking for a record", () => {
  function watch(refreshMs: number, resolve: ResolveSrv) {
    const log = keptLog();
    const told: string[] = [];
    const srv = { record: "_m._tcp.example.org", refreshMs };
    const onServers = (servers: readonly { host: string }[]) =>
      void told.push(servers.map(({ host }) => host).join(" "));
    return { log, told, watching: new SrvWatch({ srv, resolve, log, onServers }) };
  }

  test("goes on until there is an answer, and ends with it when it is not to be refreshed", async () => {
    let asked = 0;
    const { log, told, watching } = watch(0, async (record) => {
      expect(record).toBe("_m._tcp.example.org");
      asked += 1;
      if (asked < 2) throw new Error("queryA ENOTFOUND");
      return asked < 3 ? [] : [{ name: "a", port: 1 }];
    });
    await eventually(() => expect(told).toEqual(["a"]));
    await watching.close();
    expect(asked).toBe(3);
    expect(
      log.lines.map(({ level, message, fields }) => [level, message, fields["reason"]]),
    ).toEqual([
      ["warn", "the SRV record of Memcached cannot be resolved; trying again", "queryA ENOTFOUND"],
      [
        "warn",
        "the SRV record of Memcached cannot be resolved; trying again",
        "the record names no server",
      ],
      ["info", "Memcached servers are known", undefined],
    ]);
  });

  test("again tells only of changes, and keeps what was known while there is no answer", async () => {
    const answers = [["a"], ["b", "a"], ["a", "b"], undefined, undefined, ["a", "b", "c"]];
    let at = 0;
    const { log, told, watching } = watch(1, async () => {
      const names = answers[Math.min(at++, answers.length - 1)];
      if (names === undefined) throw new Error("queryA ETIMEOUT");
      return names.map((name) => ({ name, port: 1 }));
    });
    await eventually(() => expect(told).toEqual(["a", "a b", "a b c"]));
    await watching.close();
    const warnings = log.lines.filter(({ level }) => level === "warn");
    expect(warnings.map(({ message }) => message)).toEqual([
      "the SRV record of Memcached cannot be resolved; the servers stay",
    ]);
  });

  test("ends when it is closed, in the middle of a pause or a question", async () => {
    const { told, watching } = watch(3_600_000, async () => [{ name: "a", port: 1 }]);
    await eventually(() => told.length === 1);
    await watching.close();
    let answer: (servers: readonly { name: string; port: number }[]) => void = () => undefined;
    const late = watch(
      0,
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    const closed = late.watching.close();
    answer([{ name: "a", port: 1 }]);
    await closed;
    expect(late.told).toEqual([]);
  });
});
