import type { Pace } from "./load/spec.ts";
import { benchDomain, overDomain } from "./stage/rule-file.ts";

/** A pace by the name that tables and the chart have for it. */
export interface Load {
  readonly name: string;
  readonly pace: Pace;
  /** Part of the quick run. */
  readonly isQuick: boolean;
}

/** Servers under the same requests, one after the other, in every round. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly store: "memory" | "single" | "cluster";
  readonly tls: boolean;
  readonly domain: string;
  readonly descriptors: number;
  /** `"known"`: any user of the run, all of whom have counters already. */
  readonly users: "known" | "hot" | "new";
  /** Our own service takes part once with each number of rules. */
  readonly rules: readonly number[];
  /** How many of the paths that have rules the requests are about, at most. */
  readonly pathsMax: number;
  /** Settings of our own service. */
  readonly settings: Readonly<Record<string, string>>;
  /** Whether the servers of `BENCH_RIVALS` take part: they are told of one Redis and speak in the clear. */
  readonly withRivals: boolean;
  /** The engine of our own service that is not the default takes part too. */
  readonly withAllEngines: boolean;
  readonly loads: readonly Load[];
  readonly isQuick: boolean;
}

const closed = (connections: number, streams: number, isQuick = false): Load => ({
  name: `${connections}x${streams}`,
  pace: { kind: "closed", connections, streams },
  isQuick,
});

const open = (perSecond: number, isQuick = false): Load => ({
  name: `${perSecond / 1000}k/s`,
  pace: { kind: "open", connections: 4, perSecond },
  isQuick,
});

const usual: Omit<Scenario, "name" | "title"> = {
  store: "single",
  tls: false,
  domain: benchDomain,
  descriptors: 2,
  users: "known",
  rules: [10],
  pathsMax: Number.POSITIVE_INFINITY,
  settings: {},
  withRivals: true,
  withAllEngines: true,
  loads: [closed(4, 4), closed(4, 16), closed(4, 100)],
  isQuick: false,
};

export const scenarios: readonly Scenario[] = [
  {
    ...usual,
    name: "single",
    title: "one Redis, users with counters",
    loads: [
      ...[closed(1, 1), closed(4, 4, true), closed(4, 16), closed(4, 100, true), closed(200, 1)],
      ...[open(1_000), open(2_000, true), open(5_000), open(20_000)],
    ],
    isQuick: true,
  },
  {
    ...usual,
    name: "memory",
    title: "counters in memory",
    store: "memory",
    withRivals: false,
    loads: [closed(1, 1), closed(4, 4, true), closed(4, 16), closed(4, 100, true), open(5_000)],
    isQuick: true,
  },
  {
    ...usual,
    name: "new-users",
    title: "one Redis, no user twice: every key is new",
    users: "new",
    loads: [closed(4, 16), closed(4, 100)],
  },
  {
    ...usual,
    name: "hot-user",
    title: "one Redis, one user for all calls",
    users: "hot",
    loads: [closed(4, 4), closed(4, 16), closed(4, 100), open(5_000)],
  },
  {
    ...usual,
    name: "over-limit",
    title: "one Redis, one user who is over all limits, with the local cache",
    domain: overDomain,
    users: "hot",
    settings: { LOCAL_CACHE_SIZE_IN_BYTES: "1000000" },
    withRivals: false,
    loads: [closed(4, 16), closed(4, 100)],
  },
  {
    ...usual,
    name: "ten-descriptors",
    title: "one Redis, ten descriptors a request",
    descriptors: 10,
    loads: [closed(4, 4), closed(4, 100)],
  },
  {
    ...usual,
    name: "cluster",
    title: "a Redis Cluster of three masters",
    store: "cluster",
    withRivals: false,
  },
  {
    ...usual,
    name: "tls",
    title: "counters in memory, TLS",
    store: "memory",
    tls: true,
    withRivals: false,
    loads: [closed(4, 4), closed(4, 100)],
  },
  {
    ...usual,
    name: "rules",
    title: "counters in memory, by the number of rules; the requests meet nine of them",
    store: "memory",
    rules: [10, 1_000, 100_000],
    pathsMax: 9,
    withRivals: false,
    withAllEngines: false,
    loads: [closed(4, 4), closed(4, 100)],
  },
  {
    ...usual,
    name: "all-rules",
    title: "counters in memory, by the number of rules; the requests meet all of them evenly",
    store: "memory",
    rules: [10, 1_000, 100_000],
    withRivals: false,
    withAllEngines: false,
    loads: [closed(4, 4), closed(4, 100)],
  },
];
