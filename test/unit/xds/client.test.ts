import { describe, expect, test } from "@jest/globals";
import type { RuleDocuments } from "../../../src/limits/rule-set.ts";
import { XdsClient } from "../../../src/xds/client.ts";
import { compileConfigs } from "../../../src/xds/compile-configs.ts";
import { methods } from "../../../src/xds/stream.ts";
import { keptLog } from "../../support/kept-log.ts";
import { ManualTimers } from "../../support/manual-timers.ts";
import { type ScriptedStream, scriptedStreams } from "../../support/xds/scripted-streams.ts";
import { bytesOf, oneLimit, rule, update } from "../../support/xds/updates.ts";

const good = oneLimit("d", "k", 1);
const bad = { ...good, name: "bad", descriptors: [rule("")] };

function startClient() {
  const timers = new ManualTimers();
  const log = keptLog();
  const { all, open } = scriptedStreams();
  const loaded: { readonly isChanged: boolean; readonly documents: RuleDocuments }[] = [];
  let refusals = 0;
  const client = new XdsClient({
    open,
    timers,
    log,
    node: { id: "some-node", metadata: undefined },
    server: "xds:18000",
    backoff: { initialMs: 500, maxMs: 5_000, growth: 2, randomShare: 0 },
    random: () => 0,
    compile: (resources) => compileConfigs(resources, { mergeDomains: false }),
    onLoaded: (_rules, isChanged, documents) => loaded.push({ isChanged, documents }),
    onRefused: () => {
      refusals += 1;
    },
  });
  client.restart();
  return {
    client,
    timers,
    log,
    loaded,
    streams: all,
    get refusals() {
      return refusals;
    },
    stream(index: number): ScriptedStream {
      const stream = all[index];
      if (stream === undefined) throw new Error(`there is no stream ${index} yet`);
      return stream;
    },
    /** Lines above debug, as `level: message`. */
    get said() {
      return log.lines.map(({ level, message }) => `${level}: ${message}`);
    },
  };
}

const versions = (stream: ScriptedStream) =>
  stream.sent.map(({ versionInfo, responseNonce, errorDetail }) =>
    [versionInfo, responseNonce, ...(errorDetail === undefined ? [] : ["refused"])].join(" "),
  );

describe("an update", () => {
  test("is put in force before it is accepted, and handed on as it came", () => {
    const { client, stream, loaded } = startClient();
    const first = stream(0);
    let inForceAtReply: unknown;
    first.send = function send(this: ScriptedStream, request) {
      inForceAtReply = client.current;
      this.sent.push(request);
    };
    first.connects().says(update("1", "n1", [good]));
    expect(client.current?.limitCount).toBe(1);
    expect(inForceAtReply).toBe(client.current);
    expect(versions(first)).toEqual([" ", "1 n1"]);
    expect(loaded).toEqual([
      { isChanged: true, documents: { kind: "resources", resources: [bytesOf(good)] } },
    ]);
  });

  test("that is refused is told to the server at once, and the rules stay", () => {
    const started = startClient();
    const first = started
      .stream(0)
      .connects()
      .says(update("1", "n1", [good]));
    const rules = started.client.current;
    first.says(update("2", "n2", [bad]));
    expect(versions(first)).toEqual([" ", "1 n1", "1 n2 refused"]);
    expect(started.client.current).toBe(rules);
    expect(started.refusals).toBe(1);
    expect(started.loaded).toHaveLength(1);
  });

  test("that is sent again because it was refused is answered only after a pause, which grows", () => {
    const started = startClient();
    const first = started.stream(0).connects();
    const answered: number[] = [];
    for (let nonce = 1; nonce <= 15; nonce++) {
      const before = first.sent.length;
      first.says(update("1", `n${nonce}`, [bad]));
      while (first.sent.length === before) started.timers.advance(100);
      answered.push(started.timers.nowMs());
    }
    expect(answered.slice(0, 6)).toEqual([0, 1_000, 3_000, 7_000, 12_000, 17_000]);
    expect(answered.at(-1)).toBe(62_000);
    expect(started.refusals).toBe(15);
    const errors = started.log.lines.filter(({ level }) => level === "error");
    expect(errors.map(({ message, fields }) => ({ message, fields }))).toEqual([
      {
        message: "Error loading new configuration: bad: descriptor has empty key",
        fields: expect.objectContaining({
          version: "1",
          field: "descriptors[0].key",
          accepted: "a key that is not empty",
          inForce: "no rules",
        }),
      },
    ]);
  });

  test("that mends a refused one is accepted without waiting for the refusal to be told", () => {
    const { stream, timers, client } = startClient();
    const first = stream(0).connects();
    first.says(update("1", "n1", [bad])).says(update("1", "n2", [bad]));
    expect(versions(first)).toEqual([" ", " n1 refused"]);
    first.says(update("2", "n3", [good]));
    expect(client.current?.limitCount).toBe(1);
    timers.advance(10_000);
    expect(versions(first)).toEqual([" ", " n1 refused", "2 n3"]);
  });

  test("of a mistake that is made again after a good one is told again", () => {
    const started = startClient();
    started
      .stream(0)
      .connects()
      .says(update("1", "n1", [bad]))
      .says(update("2", "n2", [good]))
      .says(update("3", "n3", [bad]));
    expect(started.said.filter((line) => line.startsWith("error"))).toHaveLength(2);
  });

  test("of things that are no rules changes nothing and is told once", () => {
    const { stream, client, log } = startClient();
    const foreign = update("1", "n1", [], "type.googleapis.com/envoy.config.cluster.v3.Cluster");
    const first = stream(0).connects().says(foreign).says(foreign);
    expect(client.current).toBeUndefined();
    expect(versions(first)).toEqual([" "]);
    expect(log.lines.filter(({ level }) => level === "warn")).toHaveLength(1);
  });
});

describe("a stream that ends", () => {
  test("is followed by another one after a pause, which asks anew; the rules stay", () => {
    const { stream, streams, client, timers } = startClient();
    stream(0)
      .connects()
      .says(update("7", "n7", [good]));
    const rules = client.current;
    expect(client.isConnected).toBe(true);
    stream(0).ends("reset");
    expect(stream(0).isClosed).toBe(true);
    expect(client.isConnected).toBe(false);
    expect(client.current).toBe(rules);
    timers.advance(499);
    expect(streams).toHaveLength(1);
    timers.advance(1);
    expect(versions(stream(1))).toEqual([" "]);
    stream(1)
      .connects()
      .says(update("1", "a1", [good]));
    expect(versions(stream(1))).toEqual([" ", "1 a1"]);
    expect(client.current).toBe(rules);
    expect(client.connections).toBe(2);
  });

  test("again and again is tried less and less often, until one lasts", () => {
    const { stream, streams, timers } = startClient();
    const opened: number[] = [];
    for (let at = 0; at < 6; at++) {
      stream(at).ends("refused");
      const endedMs = timers.nowMs();
      while (streams.length === at + 1) timers.advance(100);
      opened.push(timers.nowMs() - endedMs);
    }
    expect(opened).toEqual([500, 1_000, 2_000, 4_000, 5_000, 5_000]);
    stream(6).connects();
    timers.advance(5_000);
    stream(6).ends("reset");
    timers.advance(500);
    expect(streams).toHaveLength(8);
  });

  test("right after its connection does not count as one that was well", () => {
    const { stream, streams, timers } = startClient();
    for (let at = 0; at < 3; at++) {
      stream(at).connects().ends("denied");
      while (streams.length === at + 1) timers.advance(100);
    }
    expect(timers.nowMs()).toBe(3_500);
  });

  test("is heard no more, and what was to be sent on it is not sent on the next", () => {
    const { stream, client, timers } = startClient();
    stream(0)
      .connects()
      .says(update("1", "n1", [bad]))
      .says(update("1", "n2", [bad]));
    stream(0).ends("reset");
    stream(0).says(update("2", "n3", [good]));
    expect(client.current).toBeUndefined();
    timers.advance(10_000);
    expect(versions(stream(0))).toEqual([" ", " n1 refused"]);
    expect(versions(stream(1))).toEqual([" "]);
  });

  test("because it got no connection in time is closed", () => {
    const { stream, streams, timers, log } = startClient();
    timers.advance(19_999);
    expect(stream(0).isClosed).toBe(false);
    timers.advance(501);
    expect(stream(0).isClosed).toBe(true);
    expect(streams).toHaveLength(2);
    expect(log.lines.at(-1)?.fields).toMatchObject({ reason: "no connection within 20 s" });
  });

  test("because what came cannot be read is closed", () => {
    const { stream, streams, timers } = startClient();
    stream(0).connects().says(Buffer.of(0xff));
    expect(stream(0).isClosed).toBe(true);
    timers.advance(500);
    expect(streams).toHaveLength(2);
  });

  test("because the server has no aggregated discovery is followed by one of the other service, and back", () => {
    const { stream, timers } = startClient();
    expect(stream(0).method).toBe(methods.aggregated);
    stream(0).ends("unimplemented", true);
    timers.advance(500);
    expect(stream(1).method).toBe(methods.rateLimitConfig);
    stream(1).connects().ends("reset");
    timers.advance(1_000);
    expect(stream(2).method).toBe(methods.rateLimitConfig);
    stream(2).ends("unimplemented", true);
    timers.advance(2_000);
    expect(stream(3).method).toBe(methods.aggregated);
  });
});

describe("the log", () => {
  test("tells an outage when it begins, once a minute, and when it is over", () => {
    const started = startClient();
    const { stream, streams, timers } = started;
    stream(0).connects().ends("reset");
    while (timers.nowMs() < 150_000) {
      const last = streams.length - 1;
      timers.advance(100);
      if (streams.length > last + 1) stream(last + 1).ends("refused");
    }
    stream(streams.length - 1).ends("refused");
    timers.advance(5_000);
    stream(streams.length - 1).connects();
    expect(started.said).toEqual([
      "info: connected to the xDS server",
      "warn: the connection to the xDS server is lost; trying again",
      "warn: the xDS server cannot be reached; trying again",
      "warn: the xDS server cannot be reached; trying again",
      "warn: the xDS server cannot be reached; trying again",
      "info: connected to the xDS server",
    ]);
    expect(started.log.lines[1]?.fields).toMatchObject({ reason: "reset", inForce: "no rules" });
    expect(started.log.lines[3]?.fields).toMatchObject({ timesBefore: expect.any(Number) });
  });

  test("is not filled by a connection that flaps", () => {
    const { stream, streams, timers, log } = startClient();
    while (timers.nowMs() < 300_000) {
      stream(streams.length - 1).connects();
      timers.advance(6_000);
      stream(streams.length - 1).ends("reset");
      timers.advance(500);
    }
    expect(log.lines.length).toBeLessThan(15);
  });

  test("tells a server that has a connection and sends nothing", () => {
    const started = startClient();
    started.stream(0).connects();
    started.timers.advance(15_000);
    expect(started.log.lines.at(-1)).toMatchObject({
      level: "warn",
      message: "the xDS server has sent no rules yet; it may know none for this node id",
      fields: { server: "xds:18000", nodeId: "some-node" },
    });
  });

  test("says nothing of the kind once there are rules", () => {
    const started = startClient();
    started
      .stream(0)
      .connects()
      .says(update("1", "n1", [good]));
    started.timers.advance(60_000);
    expect(started.said).toEqual(["info: connected to the xDS server", "info: loaded rules"]);
  });
});

describe("a restart", () => {
  test("opens another stream at once, and keeps the rules", () => {
    const { stream, client } = startClient();
    stream(0)
      .connects()
      .says(update("1", "n1", [good]));
    client.restart();
    expect(stream(0).isClosed).toBe(true);
    expect(versions(stream(1))).toEqual([" "]);
    expect(client.current?.limitCount).toBe(1);
  });

  test("does not wait for the end of a pause", () => {
    const { stream, streams, client, timers } = startClient();
    stream(0).ends("refused");
    client.restart();
    expect(streams).toHaveLength(2);
    stream(1).connects();
    timers.advance(60_000);
    expect(streams).toHaveLength(2);
  });
});

test("a client that is closed leaves no stream and no timer, and is not started again", () => {
  const { stream, streams, client, timers } = startClient();
  stream(0)
    .connects()
    .says(update("1", "n1", [bad]))
    .says(update("1", "n2", [bad]));
  client.close();
  expect(stream(0).isClosed).toBe(true);
  expect(timers.pending).toBe(0);
  client.restart();
  expect(streams).toHaveLength(1);
});
