import { watch } from "node:fs";
import { basename } from "node:path";
import { systemTimers, type Timers } from "../clock.ts";
import type { Log } from "../observe/log.ts";
import { codeOf, type Scan, type WatchPoint } from "./scan.ts";

/**
 * Has files loaded whenever they change, in whatever way: written in place, renamed over, added, removed, or swapped by a link, be it
 * `..data` of a mounted ConfigMap or Secret, the root itself or a directory on the way to it.
 *
 * The kernel's notifications say that it is time to look; a slow poll looks in any case, as notifications can be lost and do not
 * come at all from some file systems. Looking compares signatures, so nothing is loaded that was loaded before.
 */
export interface WatchOptions {
  /** What the files hold, for the log: «rules». */
  readonly what: string;
  /** Looks at the files without reading them. Never rejects. */
  readonly scan: () => Promise<Pick<Scan, "signature" | "watchPoints">>;
  readonly loader: Loader;
  readonly log: Log;
  /** The poll. */
  readonly pollMs?: number;
  /** Looks when nothing was heard for so long, … */
  readonly quietMs?: number;
  /** … or this long after the first of a burst that does not end. */
  readonly burstMsMax?: number;
  readonly timers?: Timers;
  readonly listen?: Listen;
}

/** What loads the files. */
export interface Loader {
  /** Of the scan that it agrees with; `undefined`: the files have to be looked at. */
  readonly signature: string | undefined;
  /** Never rejects. */
  load(): Promise<unknown>;
}

/**
 * Hears of changes of the entries of a directory; the answer ends that. `onGone` is called when there will be no more, as the
 * directory was removed or the watch failed. Throws when it cannot be watched.
 */
export type Listen = (
  path: string,
  onChange: (entry: string | undefined) => void,
  onGone: () => void,
) => () => void;

interface Watched {
  readonly identity: string;
  matters: WatchPoint["matters"];
  readonly stop: () => void;
}

const pollMsDefault = 5_000;
const quietMsDefault = 100;
const burstMsMaxDefault = 1_000;

/** How often it looks again at once because directories were new; the poll sees to the rest. */
const looksMax = 5;

export class FileWatch {
  readonly #options: WatchOptions;
  readonly #timers: Timers;
  readonly #listen: Listen;
  readonly #watched = new Map<string, Watched>();
  #cancelPoll: (() => void) | undefined;
  #cancelLook: (() => void) | undefined;
  #burstBeganMs: number | undefined;
  #looking: Promise<void> | undefined;
  #isLookDue: boolean = false;
  #isClosed: boolean = false;
  #hasWarned: boolean = false;

  private constructor(options: WatchOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#listen = options.listen ?? listenByFs;
  }

  /** Resolves when everything is watched, and what had changed since the loader's signature is loaded. */
  static async start(options: WatchOptions): Promise<FileWatch> {
    const started = new FileWatch(options);
    await started.#look();
    return started;
  }

  /** Watches no longer; resolves when a load that it asked for is over. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelPoll?.();
    this.#cancelLook?.();
    for (const { stop } of this.#watched.values()) stop();
    this.#watched.clear();
    await this.#looking;
  }

  /** A notification: looks soon, but once for a burst of them. */
  #lookSoon(): void {
    if (this.#isClosed) return;
    const { quietMs = quietMsDefault, burstMsMax = burstMsMaxDefault } = this.#options;
    const nowMs = this.#timers.nowMs();
    this.#burstBeganMs ??= nowMs;
    const burstLeftMs = this.#burstBeganMs + burstMsMax - nowMs;
    this.#cancelLook?.();
    this.#cancelLook = this.#timers.after(Math.max(0, Math.min(quietMs, burstLeftMs)), () => {
      void this.#look();
    });
  }

  /** One look at a time; asked for meanwhile, it looks once more. */
  #look(): Promise<void> {
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    this.#burstBeganMs = undefined;
    this.#isLookDue = true;
    this.#looking ??= this.#lookWhileDue().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookWhileDue(): Promise<void> {
    while (this.#isLookDue && !this.#isClosed) {
      this.#isLookDue = false;
      await this.#lookOnce();
    }
    this.#cancelPoll?.();
    if (this.#isClosed) return;
    const { pollMs = pollMsDefault } = this.#options;
    this.#cancelPoll = this.#timers.after(pollMs, () => void this.#look());
  }

  async #lookOnce(): Promise<void> {
    const { loader } = this.#options;
    let scan = await this.#options.scan();
    // What changed in a directory before it was watched was not heard of.
    for (let looks = 1; this.#watchAll(scan.watchPoints) && looks < looksMax; looks++) {
      scan = await this.#options.scan();
    }
    if (scan.signature !== loader.signature && !this.#isClosed) await loader.load();
  }

  /** @returns whether a directory is watched that was not before */
  #watchAll(points: readonly WatchPoint[]): boolean {
    if (this.#isClosed) return false;
    const wanted = byPath(points);
    for (const [path, { identity, stop }] of this.#watched) {
      if (wanted.get(path)?.identity === identity) continue;
      stop();
      this.#watched.delete(path);
    }
    let isNew = false;
    for (const point of wanted.values()) {
      const watched = this.#watched.get(point.path);
      if (watched !== undefined) watched.matters = point.matters;
      else isNew = this.#watchOne(point) || isNew;
    }
    return isNew;
  }

  #watchOne({ path, identity, matters }: WatchPoint): boolean {
    const onGone = (): void => {
      this.#watched.get(path)?.stop();
      this.#watched.delete(path);
      this.#lookSoon();
    };
    const onChange = (entry: string | undefined): void => {
      // The last that is heard of a directory is its own name. Another may come to be there, even of the same identity.
      if (entry === basename(path)) onGone();
      else if (this.#watched.get(path)?.matters(entry) ?? true) this.#lookSoon();
    };
    try {
      this.#watched.set(path, { identity, matters, stop: this.#listen(path, onChange, onGone) });
      return true;
    } catch (error) {
      this.#warnOnce(path, codeOf(error));
      return false;
    }
  }

  #warnOnce(path: string, code: string): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const { what, log, pollMs = pollMsDefault } = this.#options;
    log.warn(`a directory of ${what} cannot be watched: its changes are seen by looking at times`, {
      path,
      code,
      everyMs: pollMs,
    });
  }
}

/** A directory may be both on the way and the one that holds the files. */
function byPath(points: readonly WatchPoint[]): ReadonlyMap<string, WatchPoint> {
  const wanted = new Map<string, WatchPoint>();
  for (const point of points) {
    const other = wanted.get(point.path);
    const matters: WatchPoint["matters"] =
      other === undefined ? point.matters : (entry) => other.matters(entry) || point.matters(entry);
    wanted.set(point.path, { ...point, matters });
  }
  return wanted;
}

const listenByFs: Listen = (path, onChange, onGone) => {
  const watcher = watch(path, { persistent: false });
  watcher.on("change", (_event, entry) => onChange(entry?.toString()));
  watcher.on("error", onGone);
  return () => watcher.close();
};
