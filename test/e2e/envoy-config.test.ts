import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { envoy, executableOf } from "../../.ci/setup/test-servers.js";
import { configPath, type EnvoyConfig, envoyConfig } from "../../envoy/demo/config.js";
import { asPatchedByIstio, istioResources } from "../support/istio.ts";

const here = { host: "127.0.0.1", port: 1 };
const addresses = { listener: here, admin: here, velocitygate: [here], upstream: here };
const rulesPath = join(import.meta.dirname, "../../envoy/rules");

describe("the configuration to copy", () => {
  test("is accepted by Envoy as it stands, and nothing in it is deprecated", () => {
    expect(validate(["--config-path", configPath])).toEqual({ status: 0, complaints: [] });
  });

  test("names the domains that have rules, and no others", () => {
    const istio = ["gateway.yaml", "sidecar.yaml"].flatMap(istioResources);
    const named = [parse(readFileSync(configPath, "utf8")), ...istio].flatMap(domainsOf);
    const files = readdirSync(rulesPath).map((name) => readFileSync(join(rulesPath, name), "utf8"));
    const ruled = files.map((text) => parse(text).domain);
    expect(new Set(named)).toEqual(new Set(ruled));
  });
});

describe("the patches for Istio", () => {
  test.each(["gateway.yaml", "sidecar.yaml"])(
    "of %s are accepted by Envoy, and nothing in them is deprecated",
    (name) => {
      for (const resource of istioResources(name)) {
        expect(resource.kind).toBe("EnvoyFilter");
        const config = envoyConfig(addresses, (parsed) => asPatchedByIstio(parsed, resource));
        expect(validate(["--config-yaml", config])).toEqual({ status: 0, complaints: [] });
      }
    },
  );

  test("a misspelt field is refused, so that acceptance says something", () => {
    const [resource] = istioResources("gateway.yaml");
    resource.spec.configPatches[0].patch.value.typed_config.failure_mode_denies = true;
    const config = envoyConfig(addresses, (parsed) => asPatchedByIstio(parsed, resource));
    expect(validate(["--config-yaml", config]).status).toBe(1);
  });
});

function validate(config: readonly string[]): { status: number | null; complaints: string[] } {
  const { status, stderr } = spawnSync(
    executableOf(envoy),
    ["--mode", "validate", "--log-level", "warning", ...config],
    { encoding: "utf8", timeout: 30_000 },
  );
  return { status, complaints: stderr.split("\n").filter((line) => line !== "") };
}

/** Every value of a field `domain`, wherever it stands. */
function domainsOf(value: EnvoyConfig): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "domain" && typeof inner === "string" ? [inner] : domainsOf(inner),
  );
}
