import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { Closers } from "../../../src/closers.ts";
import type { WatchOptions } from "../../../src/reload/watch.ts";
import { TlsFileSource } from "../../../src/tls/file-source.ts";
import { openTls } from "../../../src/tls/open.ts";
import type { TlsMaterial } from "../../../src/tls/source.ts";
import { Authority } from "../../support/certificates.ts";
import { eventually } from "../../support/eventually.ts";
import { type KeptLog, keptLog } from "../../support/kept-log.ts";
import { ManualTimers } from "../../support/manual-timers.ts";
import { SecretMount } from "../../support/pem-directory.ts";
import { put, temporaryDirectory } from "../../support/rule-directory.ts";

jest.setTimeout(60_000);
const soon = (check: () => void) => eventually(check, { timeoutMs: 30_000 });
const authority = new Authority();
const issue = (...options: Parameters<Authority["issue"]>) => ({
  ...authority.issue(...options),
  ca: authority.cert,
});
const hourMs = 3_600_000;

const closers = new Closers();
afterEach(() => closers.close());

/** So long that a test which passes was told of the change by the kernel. */
const never = 3_600_000;

async function open(mount: SecretMount, patience: Partial<WatchOptions> = {}, nowMs = Date.now) {
  const log = keptLog();
  const sources = await openTls({ grpc: mount.files }, { log, clock: { nowMs } }, closers, {
    pollMs: never,
    quietMs: 10,
    ...patience,
  });
  const source = sources.get("grpc") as TlsFileSource;
  const heard: TlsMaterial[] = [];
  source.onChange((material) => heard.push(material));
  return { source, log, heard };
}

const errorsOf = ({ lines }: KeptLog) =>
  lines.filter(({ level }) => level === "error").map(({ message }) => message);

describe("files that change", () => {
  test("come into force when ..data is swapped, and listeners are told", async () => {
    const [first, second] = [issue(), issue()];
    const mount = new SecretMount(temporaryDirectory(), first);
    const { source, heard, log } = await open(mount);
    expect(source.current).toEqual(first);
    mount.swap(second);
    await soon(() => expect(source.current).toEqual(second));
    expect(heard).toEqual([second]);
    expect(source.reloads).toEqual({ loaded: 1, refused: 0 });
    expect(log.lines.at(-1)).toMatchObject({
      level: "info",
      message: "new TLS files are in force",
      fields: { use: "grpc", expires: expect.stringMatching(/^20\d\d-/) },
    });
    expect(JSON.stringify(source.current) + JSON.stringify(log.lines)).not.toContain("PRIVATE");
  });

  test("come into force when they are renamed over one by one, as they are when written in place", async () => {
    const directory = temporaryDirectory();
    const file = (name: string) => ({ setting: name, path: join(directory, name) });
    const files = { cert: file("tls.crt"), key: file("tls.key"), ca: undefined };
    const write = ({ cert, key }: { cert: string; key: string }, suffix = "") => {
      put(files.cert.path + suffix, cert);
      put(files.key.path + suffix, key);
    };
    write(issue());
    const [renamed, written] = [issue(), issue()];
    const log = keptLog();
    const world = { log, clock: { nowMs: Date.now } };
    const sources = await openTls({ grpc: files }, world, closers, { pollMs: never });
    write(renamed, ".new");
    for (const { path } of [files.cert, files.key]) renameSync(`${path}.new`, path);
    await soon(() => expect(sources.get("grpc")?.current.cert).toBe(renamed.cert));
    writeFileSync(files.cert.path, written.cert);
    writeFileSync(files.key.path, written.key);
    await soon(() => expect(sources.get("grpc")?.current.cert).toBe(written.cert));
  });

  test("in rapid succession are never mixed, and the last ones win", async () => {
    const versions = Array.from({ length: 200 }, () => issue());
    const mount = new SecretMount(temporaryDirectory(), issue());
    const { source, log } = await open(mount, { quietMs: 1, burstMsMax: 5 });
    const over = new AbortController();
    const reader = (async () => {
      while (!over.signal.aborted) await source.load();
    })();
    for (let i = 0; i < 200; i++) {
      mount.swap(versions[i] ?? issue());
      await new Promise((resolve) => setImmediate(resolve));
      // Now and then a reading has the time to finish.
      if (i % 20 === 0) await soon(() => expect(source.current).toEqual(versions[i]));
    }
    over.abort();
    await reader;
    await soon(() => expect(source.current).toEqual(versions[199]));
    expect(errorsOf(log)).toEqual([]);
    expect(source.reloads.loaded).toBeGreaterThan(9);
  });

  test("but hold the same are no news", async () => {
    const texts = issue();
    const mount = new SecretMount(temporaryDirectory(), texts);
    const { source, heard } = await open(mount);
    const before = source.signature;
    mount.swap(texts);
    await soon(() => expect(source.signature).not.toBe(before));
    expect(heard).toEqual([]);
    expect(source.reloads).toEqual({ loaded: 0, refused: 0 });
  });
});

describe("files that are not good", () => {
  const expired = issue({
    from: new Date(Date.now() - 2 * hourMs),
    to: new Date(Date.now() - hourMs),
  });
  const good = issue();
  test.each([
    [
      "a pair that does not match",
      { ...good, key: issue().key },
      / and .* do not belong together$/,
    ],
    ["a certificate that has expired", expired, /GRPC_CERT: ".*\/tls\.crt" expired at 20/],
    [
      "a key that is missing",
      { cert: good.cert, ca: good.ca },
      /GRPC_KEY: ".*" cannot be read \(ENOENT\)/,
    ],
    [
      "half a certificate",
      { ...good, cert: good.cert.slice(0, 300) },
      /GRPC_CERT: ".*" holds no certificate/,
    ],
  ])("%s leaves those from before in force, and is told once", async (_what, bad, text) => {
    const first = issue();
    const mount = new SecretMount(temporaryDirectory(), first);
    const { source, heard, log } = await open(mount, { pollMs: 20 });
    mount.swap(bad);
    await soon(() => expect(errorsOf(log)).toHaveLength(1));
    expect(errorsOf(log)[0]).toMatch(text);
    expect(errorsOf(log)[0]).toMatch(/^new TLS files are refused, those from before stay: /);
    expect(source.isUpToDate).toBe(false);

    // The poll comes by again and again.
    let polls = 0;
    const load = source.load.bind(source);
    source.load = () => {
      polls += 1;
      return load();
    };
    mount.swap(bad);
    await soon(() => expect(polls).toBeGreaterThan(0));
    await load();
    expect(errorsOf(log)).toHaveLength(1);
    expect(source.current).toEqual(first);
    expect(source.reloads).toEqual({ loaded: 0, refused: 1 });

    const next = issue();
    mount.swap(next);
    await soon(() => expect(source.current).toEqual(next));
    expect(heard).toEqual([next]);
    expect(source.isUpToDate).toBe(true);
  });

  test("because it is too early come into force when it is time", async () => {
    let nowMs = Date.now();
    const mount = new SecretMount(temporaryDirectory(), issue());
    const { source, log } = await open(mount, { pollMs: 20 }, () => nowMs);
    const next = issue({ from: new Date(nowMs + hourMs) });
    mount.swap(next);
    await soon(() => expect(errorsOf(log)).toHaveLength(1));
    expect(errorsOf(log)[0]).toContain("is not valid before");
    nowMs += hourMs + 1_000;
    await soon(() => expect(source.current).toEqual(next));
  });
});

describe("at the start", () => {
  test("everything that is wrong is told at once, and it fails", async () => {
    const one = new SecretMount(temporaryDirectory(), { ...issue(), key: issue().key });
    const other = new SecretMount(temporaryDirectory(), { ca: "nothing" }, "REDIS");
    const world = { log: keptLog(), clock: { nowMs: Date.now } };
    const opening = openTls({ grpc: one.files, redis: other.files }, world, closers);
    await expect(opening).rejects.toMatchObject({
      code: "SETTINGS_INVALID",
      message: expect.stringMatching(
        /^TLS files are wrong:\n {2}GRPC_CERT and GRPC_KEY: .* do not belong together\n {2}REDIS_CERT: .* cannot be read \(ENOENT\); accepted: a PEM file\n {2}REDIS_KEY: /,
      ),
    });
  });

  test("a certificate that has expired is used, and told", async () => {
    const texts = issue({ to: new Date(Date.now() - 1_000) });
    const { source, log } = await open(new SecretMount(temporaryDirectory(), texts));
    expect(source.current).toEqual(texts);
    expect(errorsOf(log)).toEqual([
      expect.stringMatching(
        /^TLS files are in force that are not good now: GRPC_CERT: ".*" expired/,
      ),
    ]);
  });

  test("a directory, a file that is too long and one that may not be read are told", async () => {
    const directory = temporaryDirectory();
    const long = join(directory, "long");
    put(long, "x".repeat(1_048_577));
    const files = {
      cert: { setting: "CERT", path: directory },
      key: { setting: "KEY", path: long },
      ca: { setting: "CA", path: join(long, "below") },
    };
    const clock = { nowMs: Date.now };
    const source = new TlsFileSource({ use: "xds", files, log: keptLog(), clock });
    expect(await source.open()).toEqual([
      `CERT: "${directory}" is not a file; accepted: a PEM file`,
      `KEY: "${long}" is longer than 1048576 bytes; accepted: a PEM file`,
      `CA: "${long}/below" cannot be read (ENOTDIR); accepted: a PEM file`,
    ]);
  });
});

test("a certificate that expires while it is in force is told once", async () => {
  const start = Date.now();
  const { files } = new SecretMount(
    temporaryDirectory(),
    issue({ to: new Date(start + 40 * 24 * hourMs) }),
  );
  const timers = new ManualTimers();
  const log = keptLog();
  const clock = { nowMs: () => start + timers.nowMs() };
  const source = new TlsFileSource({ use: "grpc", files, log, clock, timers });
  expect(await source.open()).toEqual([]);
  // The CA's own date comes before.
  timers.advance(25 * hourMs);
  expect(errorsOf(log)).toEqual([
    expect.stringMatching(
      /^TLS files in force are not good any more: GRPC_CACERT: ".*" expired at/,
    ),
  ]);
  timers.advance(39 * 24 * hourMs);
  expect(errorsOf(log)).toHaveLength(2);
  expect(errorsOf(log)[1]).toContain("GRPC_CERT");
  timers.advance(100 * 24 * hourMs);
  expect(errorsOf(log)).toHaveLength(2);
  source.close();
  expect(timers.pending).toBe(0);
});
