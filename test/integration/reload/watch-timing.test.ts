import { join } from "node:path";
import { describe, expect, jest, test } from "@jest/globals";
import type { Timers } from "../../../src/clock.ts";
import { scanRuntimeDirectory } from "../../../src/reload/scan.ts";
import { FileWatch, type Listen } from "../../../src/reload/watch.ts";
import { eventually } from "../../support/eventually.ts";
import { keptLog } from "../../support/kept-log.ts";
import { ManualTimers } from "../../support/manual-timers.ts";
import {
  flat,
  keptLoader,
  limitsOf,
  put,
  rulesOf,
  temporaryDirectory,
} from "../../support/rule-directory.ts";
import { startWatch } from "../../support/rule-watch.ts";

// Mostly tens of milliseconds, but the machine may be busy with other things.
jest.setTimeout(60_000);
const soon = (check: () => void) => eventually(check, { timeoutMs: 30_000 });

/** A loader that takes its time, and for which the files always look changed. */
class SlowLoader {
  readonly signature = "never the same";
  begun = 0;
  atOnce = 0;
  atOnceMax = 0;
  finish: () => void = () => undefined;

  async load(): Promise<undefined> {
    this.begun += 1;
    this.atOnce += 1;
    this.atOnceMax = Math.max(this.atOnceMax, this.atOnce);
    await new Promise<void>((resolve) => {
      this.finish = resolve;
    });
    this.atOnce -= 1;
    return undefined;
  }
}

/** A watch whose notifications and time are the test's. The first load is over. */
async function startSlow(options: { pollMs: number; quietMs: number; burstMsMax: number }) {
  const loader = new SlowLoader();
  const timers = new ManualTimers();
  const tell: (() => void)[] = [];
  const listen: Listen = (_path, onChange) => {
    tell.push(() => onChange(undefined));
    return () => undefined;
  };
  const directory = flat(temporaryDirectory());
  const log = keptLog();
  const scan = () => scanRuntimeDirectory(directory);
  const parts = { what: "rules", scan, loader, timers, listen, log };
  const starting = FileWatch.start({ ...parts, ...options });
  await soon(() => expect(loader.begun).toBe(1));
  loader.finish();
  const watch = await starting;
  const notify = (): void => tell[0]?.();
  return { loader, timers, notify, watch };
}

const longPoll = { pollMs: 1e9, quietMs: 100, burstMsMax: 1_000 };

describe("a burst of notifications", () => {
  test("is one load, when it has been quiet for a while", async () => {
    const { loader, timers, notify } = await startSlow(longPoll);
    for (let at = 0; at < 5; at++) {
      notify();
      timers.advance(99);
    }
    expect(loader.begun).toBe(1);
    timers.advance(1);
    await soon(() => expect(loader.begun).toBe(2));
    loader.finish();
  });

  test("that does not end is a load all the same", async () => {
    const { loader, timers, notify } = await startSlow(longPoll);
    for (let elapsedMs = 0; elapsedMs < 950; elapsedMs += 50) {
      notify();
      timers.advance(50);
    }
    expect(loader.begun).toBe(1);
    notify();
    timers.advance(50);
    await soon(() => expect(loader.begun).toBe(2));
    loader.finish();
  });

  test("during a load is one more load, after it", async () => {
    const { loader, timers, notify, watch } = await startSlow(longPoll);
    notify();
    timers.advance(100);
    await soon(() => expect(loader.begun).toBe(2));
    for (let at = 0; at < 3; at++) {
      notify();
      timers.advance(100);
    }
    expect(loader.begun).toBe(2);
    loader.finish();
    await soon(() => expect(loader.begun).toBe(3));
    loader.finish();
    await watch.close();
    expect(loader).toMatchObject({ begun: 3, atOnceMax: 1 });
  });
});

describe("closing", () => {
  test("waits for the load that is under way, and leaves no timer", async () => {
    const { loader, timers, notify, watch } = await startSlow(longPoll);
    notify();
    timers.advance(100);
    await soon(() => expect(loader.begun).toBe(2));
    notify();
    let isClosed = false;
    const closing = watch.close().then(() => {
      isClosed = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isClosed).toBe(false);
    loader.finish();
    await closing;
    expect(timers.pending).toBe(0);
    timers.advance(1e10);
    expect(loader.begun).toBe(2);
  });
});

describe("the poll", () => {
  const deaf: Listen = () => () => undefined;
  const unable: Listen = () => {
    throw Object.assign(new Error("System limit for number of file watchers reached"), {
      code: "ENOSPC",
    });
  };
  const startPolling = (root: string, listen: Listen, timers: Timers) =>
    startWatch(flat(root), { pollMs: 5_000, listen, timers });

  test.each([
    ["no notification comes", deaf],
    ["directories cannot be watched", unable],
  ])("sees changes though %s", async (_what, listen) => {
    const root = temporaryDirectory();
    put(join(root, "a.yaml"), rulesOf("a", 1));
    const timers = new ManualTimers();
    const { loader, loaded } = await startPolling(root, listen, timers);
    put(join(root, "x/b.yaml"), rulesOf("b", 2));
    timers.advance(4_999);
    expect(timers.pending).toBe(1);
    timers.advance(1);
    await soon(() => expect(limitsOf(loader.current)).toEqual({ a: 1, b: 2 }));
    await soon(() => expect(timers.pending).toBe(1));
    put(join(root, "a.yaml"), rulesOf("a", 3));
    timers.advance(5_000);
    await soon(() => expect(limitsOf(loader.current)).toEqual({ a: 3, b: 2 }));
    expect(loaded).toHaveLength(3);
  });

  test("loads nothing when nothing changed", async () => {
    const root = temporaryDirectory();
    put(join(root, "a.yaml"), rulesOf("a", 1));
    const timers = new ManualTimers();
    const { loaded } = await startPolling(root, deaf, timers);
    for (let polls = 0; polls < 3; polls++) {
      timers.advance(5_000);
      await soon(() => expect(timers.pending).toBe(1));
    }
    expect(loaded).toHaveLength(1);
  });

  test("says once that directories cannot be watched", async () => {
    const root = temporaryDirectory();
    put(join(root, "x/a.yaml"), rulesOf("a", 1));
    const { log } = await startPolling(root, unable, new ManualTimers());
    expect(log.lines.filter(({ level }) => level === "warn")).toEqual([
      {
        level: "warn",
        message: "a directory of rules cannot be watched: its changes are seen by looking at times",
        fields: { path: "/", code: "ENOSPC", everyMs: 5_000 },
      },
    ]);
  });

  test("takes up watching where it becomes possible", async () => {
    const root = temporaryDirectory();
    put(join(root, "a.yaml"), rulesOf("a", 1));
    const timers = new ManualTimers();
    let refuse = (): void => {
      throw new Error("not yet");
    };
    const heard: string[] = [];
    const listen: Listen = (path) => {
      refuse();
      heard.push(path);
      return () => undefined;
    };
    await startPolling(root, listen, timers);
    refuse = () => undefined;
    timers.advance(5_000);
    await soon(() => expect(heard).toContain(root));
  });
});

test("what changes before a directory is watched is loaded without a poll", async () => {
  const root = temporaryDirectory();
  put(join(root, "a.yaml"), rulesOf("a", 1));
  const { loader } = await startWatch(flat(root), {
    timers: new ManualTimers(),
    listen: (path) => {
      if (path === root) put(join(root, "a.yaml"), rulesOf("a", 2));
      return () => undefined;
    },
  });
  expect(limitsOf(loader.current)).toEqual({ a: 2 });
});

test("files that keep changing while they are read are read when they stand still", async () => {
  const root = temporaryDirectory();
  put(join(root, "a.yaml"), rulesOf("a", 0));
  const { loader, refused } = keptLoader(flat(root));
  let version = 0;
  let isLoaded = false;
  const loading = loader.load().then(() => {
    isLoaded = true;
  });
  const writer = setInterval(() => put(join(root, "a.yaml"), rulesOf("a", ++version)), 1);
  try {
    // The pauses between attempts grow, but a writer of every millisecond leaves no gap.
    await soon(() => expect(isLoaded).toBe(true));
  } finally {
    clearInterval(writer);
  }
  await loading;
  await loader.load();
  expect(limitsOf(loader.current)).toEqual({ a: version });
  for (const { message } of refused) {
    expect(message).toBe("the rule files kept changing while they were read");
  }
});
