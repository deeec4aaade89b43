/**
 * The parts of a pool of workers that do not hold: none while at least half of the workers are well. One that crashes takes no
 * instance out of service, as the others take all new connections; with fewer than half, other instances had better take over.
 *
 * @param workers for each worker, the parts of it that do not hold
 * @param matters the parts that are asked for
 */
export function failingOfPool(
  workers: readonly (readonly string[])[],
  matters: (part: string) => boolean,
): readonly string[] {
  const failing = workers.map((parts) => parts.filter(matters));
  const well = failing.filter((parts) => parts.length === 0).length;
  return well * 2 >= workers.length ? [] : [...new Set(failing.flat())];
}
