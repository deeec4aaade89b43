/**
 * Environment names that are probably meant to be others. An environment is full of names that are none of our business, so a name is
 * told only when it is nearly one of ours, or stands in a family that only this service and the reference have.
 */
import { editDistance } from "./edit-distance.ts";

const ownPrefix = "VELOCITYGATE_";

/** Nobody else has names that begin so: a further one there is a mistake, near to a known one or not. */
const ownFamilies = [
  "CONFIG_GRPC_XDS_",
  "GRPC_CLIENT_TLS_",
  "GRPC_SERVER_TLS_",
  "LIMIT_REQUEST_",
  "LIMIT_RESPONSE_",
  "REDIS_PERSECOND_",
  "REDIS_STARTUP_",
  "RUNTIME_WATCH_",
  "XDS_CLIENT_",
];

/** OpenTelemetry has many names, of which ours are some, and others are near to them. */
const standardPrefix = "OTEL_";

/** What Kubernetes sets for every Service of a namespace, which is named by its owner: `REDIS_SERVICE_HOST`, `REDIS_PORT_6379_TCP`. */
const ofService =
  /_SERVICE_(?:HOST|PORT(?:_.*)?)$|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/;

/** Two letters of so few are half of what tells a name from another, as in REDIS_PATH and REDIS_AUTH. */
const shortMax = 4;

/** A name is shown no longer than this. */
const nameCharsMax = 100;

/** Further ones are told as a number. */
const warningsMax = 20;

/**
 * A warning for each name that is probably meant to be another one. Names of our own prefix are always told, as none is read.
 *
 * @param known the names that are read
 */
export function nearNames(names: readonly string[], known: readonly string[]): readonly string[] {
  const spelling = new Spelling(known);
  const isLinked = new Set(
    names
      .filter((name) => name.endsWith("_SERVICE_HOST"))
      .map((name) => name.replace(/_SERVICE_HOST$/, "_PORT")),
  );
  const warnings = names
    .filter((name) => !spelling.isKnown(name) && !ofService.test(name) && !isLinked.has(name))
    .flatMap((name) => {
      const near = spelling.nearest(name);
      const shown = name.slice(0, nameCharsMax);
      if (near !== undefined) return [`${shown} is not a setting; did you mean ${near}?`];
      return isOurs(name) ? [`${shown} is not a setting and has no effect`] : [];
    });
  if (warnings.length <= warningsMax) return warnings;
  const more = warnings.length - warningsMax;
  return [...warnings.slice(0, warningsMax), `${more} more names look like misspelt settings`];
}

function isOurs(name: string): boolean {
  return name.startsWith(ownPrefix) || ownFamilies.some((family) => name.startsWith(family));
}

class Spelling {
  readonly #known: ReadonlySet<string>;
  /** By their first word. A name of one word, such as HOST, is near to too much that is not ours. */
  readonly #byFirst = new Map<string, string[]>();
  readonly #bySqueezed = new Map<string, string>();

  constructor(known: readonly string[]) {
    this.#known = new Set(known);
    for (const name of known) {
      const first = firstWord(name);
      if (first === "") continue;
      this.#byFirst.set(first, [...(this.#byFirst.get(first) ?? []), name]);
      this.#bySqueezed.set(squeeze(name), name);
    }
  }

  isKnown(name: string): boolean {
    return this.#known.has(name);
  }

  /** The known name that was probably meant; `undefined`: none. */
  nearest(name: string): string | undefined {
    if (name.startsWith(ownPrefix)) {
      const bare = name.slice(ownPrefix.length);
      return this.isKnown(bare) ? bare : this.nearest(bare);
    }
    const squeezed = this.#bySqueezed.get(squeeze(name));
    if (squeezed !== undefined) return squeezed;
    const first = firstWord(name);
    if (first === "") return undefined;
    const family = this.#byFirst.get(first);
    return family === undefined ? this.#ofMisspeltFamily(first, name) : nearestOf(name, family);
  }

  /** One letter of the first word is wrong, which has to have some length, and nothing else. */
  #ofMisspeltFamily(first: string, name: string): string | undefined {
    if (first.length < 5) return undefined;
    for (const [other, family] of this.#byFirst) {
      if (other.length < 5 || editDistance(first, other, 1) > 1) continue;
      const meant = other + name.slice(first.length);
      if (family.includes(meant)) return meant;
    }
    return undefined;
  }
}

/** The nearest of those that have the same first word: by letters, else by words. */
function nearestOf(name: string, family: readonly string[]): string | undefined {
  const isStandard = name.startsWith(standardPrefix);
  const isShort = name.length - firstWord(name).length <= shortMax;
  const max = isStandard || isShort ? 1 : 2;
  const [nearest] = family
    .map((other) => ({ other, distance: editDistance(name, other, max) }))
    .filter(({ distance }) => distance <= max)
    .sort((one, two) => one.distance - two.distance);
  if (nearest !== undefined || isStandard) return nearest?.other;
  return family.find((other) => lacksOneWord(name, other) || lacksOneWord(other, name));
}

/** Whether `shorter` is `longer` without one of its words. Three are left at least: what has fewer may be anybody's. */
function lacksOneWord(shorter: string, longer: string): boolean {
  const few = shorter.split("_");
  const many = longer.split("_");
  if (few.length < 3 || many.length !== few.length + 1) return false;
  const at = many.findIndex((word, index) => word !== few[index]);
  return few.every((word, index) => word === many[index < at ? index : index + 1]);
}

/** With the underscore; empty: there is but one word. */
function firstWord(name: string): string {
  return name.slice(0, name.indexOf("_") + 1);
}

/** `redis_url`, `REDISURL` and `Redis-Url` are `REDIS_URL` by their letters. */
function squeeze(name: string): string {
  return name.replace(/[-_.]/g, "").toUpperCase();
}
