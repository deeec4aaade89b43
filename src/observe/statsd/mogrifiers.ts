import { compileGoPattern, type GoPattern } from "../go-pattern.ts";

/** A rewriter of names for DogStatsD (`DOG_STATSD_MOGRIFIER_<NAME>_*`), as the operator wrote it. */
export interface Mogrifier {
  /** In Go's syntax. */
  readonly pattern: string;
  /** `$0`, `$1` and so on stand for what the pattern and its groups matched. */
  readonly name: string;
  /** Values likewise. */
  readonly tags: ReadonlyMap<string, string>;
}

export interface Mogrified {
  readonly name: string;
  /** `key:value`, those that the name did not show any longer. */
  readonly tags: readonly string[];
}

/** How many names are remembered with what became of them; past that, all are looked at anew. */
const rememberedMax = 100_000;

/**
 * Rewrites names: the first whose pattern matches does it, anywhere in the name.
 *
 * @throws Error for a pattern that is none
 */
export function createMogrify(mogrifiers: readonly Mogrifier[]): (name: string) => Mogrified {
  const compiled = mogrifiers.map((mogrifier) => ({
    ...mogrifier,
    pattern: compileGoPattern(mogrifier.pattern),
  }));
  const remembered = new Map<string, Mogrified>();
  return (name) => {
    let mogrified = remembered.get(name);
    if (mogrified === undefined) {
      mogrified = mogrifyOnce(name, compiled);
      if (remembered.size >= rememberedMax) remembered.clear();
      remembered.set(name, mogrified);
    }
    return mogrified;
  };
}

interface CompiledMogrifier extends Omit<Mogrifier, "pattern"> {
  readonly pattern: GoPattern;
}

function mogrifyOnce(name: string, mogrifiers: readonly CompiledMogrifier[]): Mogrified {
  for (const { pattern, name: newName, tags } of mogrifiers) {
    const groups = pattern.match(name);
    if (groups === undefined) continue;
    return {
      name: filled(newName, groups),
      tags: [...tags].map(([key, value]) => `${key}:${oneTag(filled(value, groups))}`),
    };
  }
  return { name, tags: [] };
}

/** A number that no group has stays as it is written. */
function filled(template: string, groups: readonly string[]): string {
  return template.replace(/\$(\d+)/g, (written, group: string) => groups[Number(group)] ?? written);
}

/** A comma within a value would begin another tag, and callers choose values. */
function oneTag(value: string): string {
  return value.replaceAll(",", "_");
}
