import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { editDistance } from "../../../src/settings/edit-distance.ts";
import { nearNames } from "../../../src/settings/names.ts";
import { table } from "../../../src/settings/table.ts";

const known = Object.keys(table);
const isKnown = new Set(known);

/** A known name, and a place in it behind its first word. */
const places = fc.constantFrom(...known.filter((name) => name.indexOf("_") > 0)).chain((name) => {
  const first = name.indexOf("_") + 1;
  return fc.record({
    name: fc.constant(name),
    at: fc.integer({ min: first, max: name.length - 1 }),
  });
});
const letters = fc.constantFrom(..."ABCDEFGHIJKLMNOPQRSTUVWXYZ");

const edits = fc.constantFrom<((name: string, at: number, letter: string) => string)[][number]>(
  (name, at) => name.slice(0, at) + name.slice(at + 1),
  (name, at, letter) => name.slice(0, at) + letter + name.slice(at + 1),
  (name, at, letter) => name.slice(0, at) + letter + name.slice(at),
  (name, at) => name.slice(0, at) + (name[at + 1] ?? "") + name[at] + name.slice(at + 2),
);

test("a known name with one slip behind its first word is told, with one that is as near", () => {
  fc.assert(
    fc.property(places, letters, edits, ({ name, at }, letter, edit) => {
      const slip = edit(name, at, letter);
      fc.pre(!isKnown.has(slip));
      // What Kubernetes would set is Kubernetes's.
      fc.pre(!/_SERVICE_|_PORT_\d/.test(slip));
      const [warning = ""] = nearNames([slip], known);
      const meant = /did you mean (\w+)\?$/.exec(warning)?.[1] ?? "";
      expect(isKnown.has(meant)).toBe(true);
      const isAsNear = editDistance(slip, meant, 1) <= 1;
      const isSameLetters = slip.replaceAll("_", "") === meant.replaceAll("_", "");
      expect(isAsNear || isSameLetters).toBe(true);
    }),
  );
});

/** Services as people name them, some with words of our settings. */
const services = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ..."redis persecond grpc server tls client statsd memcache srv config xds".split(" "),
      ),
      fc.constantFrom(
        ..."runtime limit response headers debug log host port tracing otel".split(" "),
      ),
      fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((words) => words.join("-"));

test("what Kubernetes sets for a Service is never told, whatever its name", () => {
  const portNumbers = fc.integer({ min: 1, max: 65_535 });
  const protocols = fc.constantFrom("TCP", "UDP", "SCTP");
  fc.assert(
    fc.property(services, portNumbers, protocols, (service, port, protocol) => {
      const name = service.toUpperCase().replaceAll("-", "_");
      const link = `${name}_PORT_${port}_${protocol}`;
      const names = [
        `${name}_SERVICE_HOST`,
        `${name}_SERVICE_PORT`,
        `${name}_SERVICE_PORT_HTTP`,
        `${name}_PORT`,
        link,
        ...["PROTO", "PORT", "ADDR"].map((end) => `${link}_${end}`),
      ];
      expect(nearNames(names, known)).toEqual([]);
    }),
  );
});

test("a known name is never told, and no name fails", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom(...known), fc.string())), (names) => {
      const warnings = nearNames(names, known);
      for (const name of names) {
        if (isKnown.has(name))
          expect(warnings.join("\n")).not.toContain(`${name} is not a setting`);
      }
    }),
  );
});

test("the distance is that of the letters: none of a name to itself, the same both ways, and no detour is shorter", () => {
  const words = fc.string({ unit: fc.constantFrom("A", "B", "_"), maxLength: 8 });
  fc.assert(
    fc.property(words, words, (one, two) => {
      expect(editDistance(one, one, 8)).toBe(0);
      expect(editDistance(one, two, 8)).toBe(editDistance(two, one, 8));
      expect(editDistance(one, two, 2)).toBe(Math.min(3, editDistance(one, two, 8)));
    }),
  );
});
