const distanceMax = 2;
const ownPrefix = "VELOCITYGATE_";

/**
 * A warning for each name that is probably meant to be another: of the same first word as a known one and at most two letters away
 * from it. Names of our own prefix are always told, as none is read.
 */
export function nearNames(names: readonly string[], known: readonly string[]): readonly string[] {
  const isKnown = new Set(known);
  return names
    .filter((name) => !isKnown.has(name))
    .flatMap((name) => {
      const near = nearest(name, known);
      if (near !== undefined) return [`${name} is not a setting; did you mean ${near}?`];
      return name.startsWith(ownPrefix) ? [`${name} is not a setting and has no effect`] : [];
    });
}

function nearest(name: string, known: readonly string[]): string | undefined {
  const bare = name.startsWith(ownPrefix) ? name.slice(ownPrefix.length) : name;
  if (known.includes(bare)) return bare;
  const prefix = name.slice(0, name.indexOf("_") + 1);
  if (prefix === "") return undefined;
  return known
    .filter((other) => other.startsWith(prefix))
    .map((other) => ({ other, distance: editDistance(name, other) }))
    .filter(({ distance }) => distance <= distanceMax)
    .sort((a, b) => a.distance - b.distance)[0]?.other;
}

/** How many letters have to be put in, taken out or replaced; anything above two counts as three. */
function editDistance(from: string, to: string): number {
  if (Math.abs(from.length - to.length) > distanceMax) return distanceMax + 1;
  let previous = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      const changed = Math.min(previous[column] ?? 0, current[column - 1] ?? 0) + 1;
      current.push(Math.min(replaced, changed));
    }
    previous = current;
  }
  return previous[to.length] ?? distanceMax + 1;
}
