import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { withTables } from "../../support/configuration-document.ts";

const path = join(import.meta.dirname, "../../../docs/configuration.md");

test("docs/configuration.md has every setting, with its default, what is accepted and its meaning", () => {
  const document = readFileSync(path, "utf8");
  const updated = withTables(document);
  // UPDATE_DOCUMENTS=1 writes the tables anew instead.
  const { UPDATE_DOCUMENTS } = process.env;
  if (UPDATE_DOCUMENTS === "1") writeFileSync(path, updated);
  else expect(document).toBe(updated);
});
