import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { documentedRights } from "../../support/redis-document.ts";

const lib = readFileSync(
  join(import.meta.dirname, "../../../k8s/components/redis-common/lib.sh"),
  "utf8",
);

test("the service's user in Redis has the rights that docs/redis.md names, and no others", () => {
  const [, words = ""] = /user_line velocitygate ([^\n]*\\\n[^\n]*)/.exec(lib) ?? [];
  const granted = words.split(/['\s\\]+/).filter(Boolean);
  const rights = documentedRights();
  const documented = [
    ...rights.base,
    ...["`STOP_CACHE_KEY", "a database", "a name", "a master", "a cluster"].flatMap(rights.for),
  ];
  expect(new Set(granted)).toEqual(new Set(documented));
});
