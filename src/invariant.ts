/**
 * Asserts what only a bug in this program can make false. A failed invariant fails the request it belongs to, never the process.
 *
 * @throws Error when `condition` is false.
 */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant violated: ${message}`);
}
