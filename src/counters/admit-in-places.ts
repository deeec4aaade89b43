import { expectedTotals, isDenied, looksOf } from "../decision/admission.ts";
import type { Admission } from "../decision/increment.ts";
import type { CounterStore } from "./store.ts";

/** Counters by the places that they can be added to in one step: the servers, or the keys of a Redis Cluster. */
export interface AdmissionPlaces<Place> {
  placeOf(admission: Admission): Place;
  /** `CounterStore.admitAll` for admissions of one place. */
  admitAt(place: Place, admissions: readonly Admission[]): Promise<readonly number[]>;
  /** `CounterStore.incrementAll` for those of any. */
  incrementAll: CounterStore["incrementAll"];
  /** A step cannot tell whether it adds too much before it has: looking first pays for a single place as well. */
  readonly looksFirst?: true;
}

/**
 * `admitAll` over places that have no common step. First it looks at all counters: one that is exhausted stays so until its window
 * ends, so nearly every denial is found before anything was added. Then each place adds what fits. Should one of them deny the request
 * all the same, because others came first, what the rest have added is taken back.
 *
 * @param deadlineMs as `CounterStore.admitAll`; `admitAt` knows it
 */
export async function admitInPlaces<Place>(
  admissions: readonly Admission[],
  deadlineMs: number,
  places: AdmissionPlaces<Place>,
): Promise<readonly number[]> {
  const all = new Set(admissions.map(places.placeOf));
  const [first] = all;
  if (first === undefined) return [];
  if (all.size === 1 && !places.looksFirst) return places.admitAt(first, admissions);
  const looks = await places.incrementAll(looksOf(admissions), deadlineMs);
  const expected = expectedTotals(admissions, looks);
  return isDenied(admissions, expected) ? expected : addAtEach(admissions, expected, places);
}

async function addAtEach<Place>(
  admissions: readonly Admission[],
  expected: readonly number[],
  { placeOf, admitAt, incrementAll }: AdmissionPlaces<Place>,
): Promise<readonly number[]> {
  const totals = [...expected];
  const groups = new Map<Place, number[]>();
  admissions.forEach((admission, i) => {
    if (admission.hits <= 0 || (expected[i] as number) > admission.limit) return;
    const place = placeOf(admission);
    groups.set(place, [...(groups.get(place) ?? []), i]);
  });
  const added: Admission[] = [];
  const addAt = async (place: Place, members: readonly number[]): Promise<void> => {
    const group = members.map((i) => forItsPlace(admissions[i] as Admission));
    const results = await admitAt(place, group);
    members.forEach((i, at) => {
      totals[i] = results[at] as number;
    });
    if (isDenied(group, results)) return;
    added.push(...group.filter(({ limit }, at) => (results[at] as number) <= limit));
  };
  await Promise.all([...groups].map(([place, members]) => addAt(place, members)));
  if (added.length > 0 && isDenied(admissions, totals)) {
    // The denial stands whether this succeeds or not.
    await incrementAll(added.map((each) => ({ ...each, hits: -each.hits }))).catch(() => undefined);
  }
  return totals;
}

/** A place does not see the quotas of the others, so it denies for none of its own. */
function forItsPlace(admission: Admission): Admission {
  return admission.denies === "together" ? { ...admission, denies: "never" } : admission;
}
