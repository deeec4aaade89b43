import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "@jest/globals";
import { envoy, executableOf } from "../../.ci/setup/test-servers.js";
import {
  compiledFile,
  declarations,
  embeddedFile,
  ownFiles,
  publishedRuleConfig,
} from "../support/compiled-protos.ts";

/**
 * Our protos are written by hand. What they must equal is not another text of ours but what the peers themselves were built from:
 * Envoy's executable carries its protos, gRPC's own reflection package ships those of reflection, and go-control-plane those of rules.
 */
function upstreamOf({ name }: FileDescriptorProto): FileDescriptorProto {
  if (name.startsWith("grpc/reflection/")) {
    const entry = fileURLToPath(import.meta.resolve("@grpc/reflection"));
    return compiledFile(join(dirname(entry), "../proto"), name);
  }
  // No program here is built with it but ours and Go's.
  if (name.startsWith("ratelimit/")) return publishedRuleConfig();
  // Envoy builds gRPC's health proto under the path that it has in gRPC's repository.
  return embeddedFile(executableOf(envoy), [name, `src/proto/${name}`]);
}

/** Fields that upstream has and our text leaves out. The service neither reads nor writes them. */
const leftOut: Readonly<Record<string, readonly string[]>> = {
  // Since Envoy 1.40: windows of several units.
  "envoy.extensions.common.ratelimit.v3.RateLimitDescriptor.RateLimitOverride": ["unit_multiplier"],
  "envoy.service.ratelimit.v3.RateLimitResponse.RateLimit": ["unit_multiplier"],
  // As in the reference: a node is an id with metadata.
  "envoy.config.core.v3.Node": [
    "client_features",
    "cluster",
    "dynamic_parameters",
    "extensions",
    "listening_addresses",
    "locality",
    "user_agent_build_version",
    "user_agent_name",
    "user_agent_version",
  ],
  // Resources by name with parameters, in either direction; who sent it; canary.
  "envoy.service.discovery.v3.DiscoveryRequest": ["resource_locators"],
  "envoy.service.discovery.v3.DiscoveryResponse": ["canary", "control_plane", "resource_errors"],
};

const files = ownFiles().map((file) => [file.name, file] as const);

test("all files of proto/ are compared", () => {
  expect(files.map(([name]) => name).sort()).toEqual([
    "envoy/config/core/v3/base.proto",
    "envoy/extensions/common/ratelimit/v3/ratelimit.proto",
    "envoy/service/discovery/v3/discovery.proto",
    "envoy/service/ratelimit/v3/rls.proto",
    "envoy/type/v3/ratelimit_unit.proto",
    "google/rpc/status.proto",
    "grpc/health/v1/health.proto",
    "grpc/reflection/v1/reflection.proto",
    "grpc/reflection/v1alpha/reflection.proto",
    "ratelimit/config/ratelimit/v3/rls_conf.proto",
  ]);
});

describe.each(files)("%s", (_name, file) => {
  const upstream = upstreamOf(file);

  test("has upstream's package", () => {
    expect(file.package).toBe(upstream.package);
  });

  const known = declarations(upstream);
  test.each([...declarations(file)])("%s is upstream's, and whole", (name, declaration) => {
    expect(known.has(name)).toBe(true);
    const expected = { ...known.get(name) };
    for (const field of leftOut[name] ?? []) {
      // An Envoy older than the field does not have it either.
      delete expected[field];
    }
    expect(declaration).toEqual(expected);
  });
});
