import type { Setting } from "./setting.ts";
import { answers } from "./tables/answers.ts";
import { failures } from "./tables/failures.ts";
import { listeners } from "./tables/listeners.ts";
import { memcache } from "./tables/memcache.ts";
import { observation } from "./tables/observation.ts";
import { redis } from "./tables/redis.ts";
import { rules } from "./tables/rules.ts";
import { tracing } from "./tables/tracing.ts";
import { xds } from "./tables/xds.ts";

/**
 * Every environment name that is understood: those of the reference, with its defaults unless the meaning says otherwise, and a few
 * of our own. `docs/configuration.md` is made from it.
 */
export const table = {
  ...listeners,
  ...rules,
  ...xds,
  ...answers,
  ...redis,
  ...memcache,
  ...failures,
  ...observation,
  ...tracing,
};

export type SettingName = keyof typeof table;

/** The parsed value of every name, set or not. */
export type Values = {
  readonly [Name in SettingName]: (typeof table)[Name] extends Setting<infer T> ? T : never;
};

/** The table in the order and with the headings of the document. */
export const sections: readonly {
  readonly title: string;
  readonly settings: Readonly<Record<string, Setting<unknown>>>;
}[] = [
  { title: "Ports, connections and shutdown", settings: listeners },
  { title: "Rules", settings: rules },
  { title: "Rules from an xDS server", settings: xds },
  { title: "Counting and answers", settings: answers },
  { title: "Redis", settings: redis },
  { title: "Memcached", settings: memcache },
  { title: "When the store fails", settings: failures },
  { title: "Logs and metrics", settings: observation },
  { title: "Traces", settings: tracing },
];
