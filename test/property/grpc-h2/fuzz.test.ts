import { describe, expect, jest, test } from "@jest/globals";
import { Auditor } from "../../support/h2/auditor.ts";
import {
  block,
  call,
  data,
  frame,
  goAway,
  lastHeaders,
  rstStream,
  settings,
  windowUpdate,
} from "../../support/h2/frames.ts";
import { Fuzzer } from "../../support/h2/fuzz.ts";

jest.setTimeout(60_000);

describe("a server with clients that do what they should not", () => {
  // `npm run fuzz:h2` goes on for as long as one likes.
  test.each([1, 2])("answers those that can be answered, and owes none (seed %i)", async (seed) => {
    const fuzzer = new Fuzzer(seed);
    await fuzzer.run(10_000);
    expect(fuzzer.counts.answers).toBeGreaterThan(1000);
    expect(fuzzer.counts.errors).toBeGreaterThan(10);
  });

  test("does the same again with the same seed", async () => {
    const runs = [new Fuzzer(7), new Fuzzer(7)];
    for (const run of runs) await run.run(2000);
    expect(runs[0]?.counts).toEqual(runs[1]?.counts);
  });
});

describe("the auditor of those servers", () => {
  const head = (id: number) => frame(1, 4, id, block([[":status", "200"]]));
  const trailers = (id: number) => lastHeaders(id, [["grpc-status", "0"]]);

  function audit(...server: readonly Buffer[]): void {
    const auditor = new Auditor();
    auditor.onClient(Buffer.concat([settings([4, 10]), call(1)]));
    auditor.onServer(Buffer.concat(server));
  }

  test("has nothing against a proper answer", () => {
    expect(() =>
      audit(settings(), head(1), data(1, Buffer.alloc(10)), trailers(1), goAway(0, 1)),
    ).not.toThrow();
  });

  test.each([
    ["an answer that nobody asked for", [head(3)]],
    ["DATA in front of HEADERS", [data(1, Buffer.alloc(1))]],
    [
      "DATA beyond the window",
      [head(1), ...Array.from({ length: 5 }, () => data(1, Buffer.alloc(16_000)))],
    ],
    ["DATA behind the end", [head(1), trailers(1), data(1, Buffer.alloc(1))]],
    ["DATA behind a reset", [head(1), rstStream(1), data(1, Buffer.alloc(1))]],
    ["a second head", [head(1), head(1)]],
    ["trailers without a status", [head(1), lastHeaders(1, [["x", "y"]])]],
    ["a reset of an idle stream", [rstStream(5)]],
    ["a frame behind the end of the connection", [goAway(0, 1), settings()]],
    ["a push", [frame(5, 4, 1, Buffer.alloc(4))]],
    ["a window update by 0", [windowUpdate(0, 0)]],
    ["a header block that is none", [frame(1, 4, 1, Buffer.of(0x80))]],
  ])("does not let %s pass", (_what, server) => {
    expect(() => audit(...server)).toThrow();
  });
});
