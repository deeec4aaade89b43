import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { debugRoutes } from "../../../src/http/debug-routes.ts";
import { mainRoutes } from "../../../src/http/main-routes.ts";
import { ruleFileKeys } from "../../../src/limits/check-keys.ts";
import { table } from "../../../src/settings/table.ts";
import { declarations, ownFiles } from "../compiled-protos.ts";
import type { Known } from "./problems.ts";

const source = join(import.meta.dirname, "../../../src");

/** What the code has, by the section that tells of it, written as a row begins. */
export function knownToCode(): Known {
  return {
    settings: table,
    named: {
      A: [...ruleFileKeys].map(quoted),
      C: protoNames((name) => !isXds(name)),
      D: [...pathsOf(main), ...pathsOf(debug)].map(quoted),
      E: Object.keys(table).map(quoted),
      F: metricNames(),
      G: protoNames(isXds),
      H: [...commandNames(), ...programNames(), ...flagNames()].map(quoted),
    },
  };
}

function quoted(name: string): string {
  return `\`${name}\``;
}

const nothing = async () => ({ status: 200, body: "" });
const noParts = () => [];
const main = mainRoutes({
  version: "",
  probes: { unhealthy: noParts, unready: noParts, unstarted: noParts },
  json: nothing,
  exposition: nothing,
});
const debug = debugRoutes({ rules: () => "", stats: () => "" });

function pathsOf({ byPath }: ReturnType<typeof mainRoutes>): readonly string[] {
  return [...byPath.keys()];
}

/** Rules come by protos of these packages. */
function isXds(fullName: string): boolean {
  return /^(ratelimit|envoy\.service\.discovery|google\.rpc|envoy\.config\.core\.v3\.Node)\b/.test(
    fullName,
  );
}

/** `` `Message.field` = 1 `` for fields, `` `Service.Method` `` for methods, `NAME 0` for the values of an enum. */
function protoNames(isWanted: (fullName: string) => boolean): readonly string[] {
  return ownFiles().flatMap((file) =>
    [...declarations(file)]
      .filter(([fullName]) => isWanted(fullName))
      .flatMap(([fullName, declaration]) => {
        const short = fullName.split(".").at(-1) ?? "";
        return Object.entries(declaration).map(([name, value]) => {
          if (typeof value === "number") return `${name} ${value}`;
          const number = / = ([0-9]+)/.exec(value)?.[1];
          return quoted(`${short}.${name}`) + (number === undefined ? "" : ` = ${number}`);
        });
      }),
  );
}

/** The names of metrics as the sources spell them, or how they begin where the end is made. */
function metricNames(): ReadonlySet<string> {
  const names = new Set<string>();
  for (const file of readdirSync(source, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts") || file.startsWith("gen/")) continue;
    const text = readFileSync(join(source, file), "utf8");
    for (const [, name = ""] of text.matchAll(
      /["`]((?:velocitygate|ratelimit|runtime|certs)_\w+)/g,
    )) {
      names.add(name);
    }
  }
  return names;
}

/** As `velocitygate --help` lists them. */
function commandNames(): readonly string[] {
  const usage = readFileSync(join(source, "cli/main.ts"), "utf8");
  return [...usage.matchAll(/^ {2}([a-z-]+) {2,}\w/gm)].map(([, name]) => `velocitygate ${name}`);
}

/** The programs that the package installs, but for that of all these commands. */
function programNames(): readonly string[] {
  const { bin } = JSON.parse(readFileSync(join(source, "../package.json"), "utf8")) as {
    readonly bin: Readonly<Record<string, string>>;
  };
  return Object.keys(bin).filter((name) => name !== "velocitygate");
}

/** The flags of the reference's commands: the keys of `const flags`. */
function flagNames(): readonly string[] {
  const programs = readdirSync(join(source, "cli/reference"));
  return programs.flatMap((file) => {
    const text = readFileSync(join(source, "cli/reference", file), "utf8");
    return [...text.matchAll(/^ {2}"?([\w-]+)"?: \{\s*kind: /gm)].map(([, name]) => `-${name}`);
  });
}
