import { setTimeout as delay } from "node:timers/promises";
import { type Clock, systemTimers, type Timers } from "../clock.ts";
import type { Log } from "../observe/log.ts";
import { scanFiles } from "../reload/scan-files.ts";
import { checkDates, checkTls, dateText, type Validity } from "./check.ts";
import { readTlsFiles } from "./read.ts";
import { HeldTls, isSameMaterial, tlsMaterial } from "./source.ts";
import type { TlsFiles, TlsTexts, TlsUse } from "./tls-files.ts";

export interface TlsFileSourceOptions {
  readonly use: TlsUse;
  readonly files: TlsFiles;
  readonly log: Log;
  readonly clock: Clock;
  readonly timers?: Timers;
}

/** How often files of a use were read anew. */
export interface TlsReloads {
  /** Others came into force. */
  loaded: number;
  /** They were refused, and those from before stayed. */
  refused: number;
}

interface Reading {
  readonly texts: TlsTexts;
  readonly problems: readonly string[];
  readonly validities: readonly Validity[];
  /** `undefined`: the same files may be good another time. */
  readonly signature: string | undefined;
}

/** With pauses that grow by a step each: two seconds in all. */
const attemptsMax = 20;
const pauseStepMs = 10;

/** Beyond that a timer would not do; it looks again then. */
const expiryTimerMsMax = 86_400_000;

const none: TlsTexts = { cert: undefined, key: undefined, ca: undefined };

/**
 * TLS material that comes from files. New files come into force as a whole, and only when they are good: readable, belonging together,
 * within their dates. Otherwise those from before stay, and the log says so once.
 */
export class TlsFileSource extends HeldTls {
  readonly use: TlsUse;
  readonly paths: readonly string[];
  readonly reloads: TlsReloads = { loaded: 0, refused: 0 };
  readonly #options: TlsFileSourceOptions;
  #validities: readonly Validity[] = [];
  #signature: string | undefined;
  #loading: Promise<void> = Promise.resolve();
  #refusal: string | undefined;
  #cancelExpiry: (() => void) | undefined;

  constructor(options: TlsFileSourceOptions) {
    super(tlsMaterial(none));
    const { use, files } = options;
    this.use = use;
    this.paths = [files.cert, files.key, files.ca].flatMap((file) => file?.path ?? []);
    this.#options = options;
  }

  /** Of what is in force. */
  get validities(): readonly Validity[] {
    return this.#validities;
  }

  /** Of the files that were looked at last; `undefined`: they have to be looked at. */
  get signature(): string | undefined {
    return this.#signature;
  }

  /** Whether what is in force is what the files hold. */
  get isUpToDate(): boolean {
    return this.#refusal === undefined;
  }

  /**
   * Reads the files for the first time. Certificates that are not within their dates are used all the same, with a line in the log:
   * others may come, and not everybody looks at dates.
   *
   * @returns a line for each thing that is wrong; with none, they are in force
   */
  async open(): Promise<readonly string[]> {
    const { use, log, clock } = this.#options;
    const reading = await this.#read();
    this.#signature = reading.signature;
    if (reading.problems.length > 0) return reading.problems;
    this.#validities = reading.validities;
    this.put(tlsMaterial(reading.texts));
    log.info("TLS files are in force", { use, expires: this.#expires });
    for (const problem of checkDates(reading.validities, clock.nowMs())) {
      log.error(`TLS files are in force that are not good now: ${problem}`, { use });
    }
    this.#watchExpiry();
    return [];
  }

  /** Reads the files again. Never rejects; resolves when what they held at the call is in force or refused. */
  load(): Promise<void> {
    this.#loading = this.#loading.then(() => this.#loadOnce());
    return this.#loading;
  }

  close(): void {
    this.#cancelExpiry?.();
  }

  async #loadOnce(): Promise<void> {
    const { use, log, clock } = this.#options;
    const reading = await this.#read();
    const ofTime = checkDates(reading.validities, clock.nowMs());
    const isSame = reading.problems.length === 0 && isSameMaterial(reading.texts, this.current);
    this.#signature = isSame || ofTime.length === 0 ? reading.signature : undefined;
    if (isSame) {
      this.#refusal = undefined;
      return;
    }
    const problems = [...reading.problems, ...ofTime];
    if (problems.length > 0) {
      this.#refuse(problems);
      return;
    }
    this.#refusal = undefined;
    this.#validities = reading.validities;
    this.reloads.loaded += 1;
    this.put(tlsMaterial(reading.texts));
    log.info("new TLS files are in force", { use, expires: this.#expires });
    this.#watchExpiry();
  }

  /** The same is said and counted once, as files that time may heal are looked at again and again. */
  #refuse(problems: readonly string[]): void {
    const refusal = problems.join("; ");
    if (refusal === this.#refusal) return;
    this.#refusal = refusal;
    this.reloads.refused += 1;
    this.#options.log.error(`new TLS files are refused, those from before stay: ${refusal}`, {
      use: this.use,
      expires: this.#expires,
    });
  }

  /** All files as they stood together at one moment, and what is to be said of them. */
  async #read(): Promise<Reading> {
    const { files } = this.#options;
    let before = await scanFiles(this.paths);
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const { texts, problems } = await readTlsFiles(files);
      const { signature } = await scanFiles(this.paths);
      if (signature === before.signature) {
        if (problems.length > 0) return { texts, problems, validities: [], signature: undefined };
        return { texts, ...checkTls(files, texts), signature };
      }
      before = { ...before, signature };
      await delay(attempt * pauseStepMs);
    }
    const problems = [`${this.paths.join(", ")} kept changing while they were read`];
    return { texts: none, problems, validities: [], signature: undefined };
  }

  /** When the first of those in force expires. */
  get #expires(): string | undefined {
    const firstMs = Math.min(...this.#validities.map(({ toMs }) => toMs));
    return Number.isFinite(firstMs) ? dateText(firstMs) : undefined;
  }

  /** Says so when something in force expires; what has already expired was told. */
  #watchExpiry(): void {
    const { use, log, clock, timers = systemTimers } = this.#options;
    this.#cancelExpiry?.();
    this.#cancelExpiry = undefined;
    const nowMs = clock.nowMs();
    const next = this.#validities
      .filter(({ toMs }) => toMs > nowMs)
      .sort((one, other) => one.toMs - other.toMs)[0];
    if (next === undefined) return;
    this.#cancelExpiry = timers.after(Math.min(next.toMs - nowMs, expiryTimerMsMax), () => {
      for (const problem of checkDates([next], clock.nowMs())) {
        log.error(`TLS files in force are not good any more: ${problem}`, { use });
      }
      this.#watchExpiry();
    });
  }
}
