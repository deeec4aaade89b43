import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The rights that docs/redis.md says are enough, as words of an ACL rule. */
export interface DocumentedRights {
  /** What every Redis needs. */
  readonly base: readonly string[];
  /** For the row of this beginning. */
  for(row: string): readonly string[];
  readonly sentinel: readonly string[];
}

export function documentedRights(): DocumentedRights {
  const document = readFileSync(join(import.meta.dirname, "../../docs/redis.md"), "utf8");
  const users = [...document.matchAll(/^user velocitygate on >secret (.*)$/gm)];
  const [base, sentinel] = users.map(([, words = ""]) => words.split(" "));
  if (base === undefined || sentinel === undefined || users.length !== 2) {
    throw new Error("docs/redis.md names a user for Redis and one for Sentinels");
  }
  return {
    base,
    sentinel,
    for(row) {
      const lines = document.split("\n").filter((line) => line.startsWith(`| ${row}`));
      const [rights] = lines.flatMap((line) => /\| `(\+[^`]*)` \|$/.exec(line)?.[1] ?? []);
      if (rights === undefined) throw new Error(`docs/redis.md names no rights for «${row}»`);
      return rights.replaceAll("\\|", "|").split(" ");
    },
  };
}
