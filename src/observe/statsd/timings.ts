/** Steps within each doubling of the time: what is told is off by less than a hundredth. */
const stepsBits = 6;
const steps = 1 << stepsBits;
const microsecondsMax = 2 ** 31 - 1;
const places = (31 - stepsBits + 1) * steps;

/** Methods are the program's own, so this is never reached. */
const methodsMax = 20;

/** So many calls took so long. */
export interface Timing {
  readonly method: string;
  readonly milliseconds: number;
  readonly count: number;
}

/**
 * How long calls took since this was last asked. The reference sends a line for every call; here calls that took as long as each
 * other are counted together, so that neither their number nor a receiver that is away takes memory.
 */
export class Timings {
  readonly #byMethod = new Map<string, Uint32Array>();

  observe(method: string, seconds: number): void {
    let counts = this.#byMethod.get(method);
    if (counts === undefined) {
      if (this.#byMethod.size >= methodsMax) return;
      counts = new Uint32Array(places);
      this.#byMethod.set(method, counts);
    }
    const place = placeOf(seconds);
    counts[place] = (counts[place] as number) + 1;
  }

  /** Everything since the last time, the shortest first; each is forgotten as it is told. */
  *take(): Iterable<Timing> {
    for (const [method, counts] of this.#byMethod) {
      for (let place = 0; place < places; place++) {
        const count = counts[place] as number;
        if (count === 0) continue;
        counts[place] = 0;
        yield { method, milliseconds: middleOf(place) / 1000, count };
      }
    }
  }
}

/** Microseconds below `steps` have a place each, and every doubling above has `steps` of them. */
function placeOf(seconds: number): number {
  const microseconds = Math.min(Math.max(0, Math.round(seconds * 1e6)), microsecondsMax);
  if (microseconds < steps) return microseconds;
  const shift = 31 - Math.clz32(microseconds) - stepsBits;
  return (shift + 1) * steps + ((microseconds >>> shift) & (steps - 1));
}

/** In whole microseconds. */
function middleOf(place: number): number {
  if (place < steps) return place;
  const width = 2 ** (Math.floor(place / steps) - 1);
  return (steps + (place % steps)) * width + Math.floor(width / 2);
}
