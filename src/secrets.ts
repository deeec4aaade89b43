import { inspect } from "node:util";

const secretNames: ReadonlySet<string> = new Set(["password", "key"]);

/**
 * Makes an object that holds secrets safe to be logged by mistake: turned into JSON or printed, it shows `*****` for its
 * `password` or `key`. Reading the property gives the secret.
 */
export function hideSecrets<T extends object>(object: T): T {
  const masked = (): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(object).map(([name, value]) => [
        name,
        secretNames.has(name) && value !== undefined ? "*****" : value,
      ]),
    );
  return Object.defineProperties(object, {
    toJSON: { value: masked },
    [inspect.custom]: { value: masked },
  });
}
