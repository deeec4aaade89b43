/** What passes between the service and an xDS server, field by field, by the numbers of the protos alone. */
import { expect, jest, test } from "@jest/globals";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { eventually } from "../../support/eventually.ts";
import { get } from "../../support/http-client.ts";
import { sampleValue } from "../../support/parse-exposition.ts";
import { field, message } from "../../support/protobuf.ts";
import { type RunningApp, startInProcess } from "../../support/running-app.ts";
import { configUrl } from "../../support/xds/updates.ts";
import { XdsServer } from "../../support/xds/xds-server.ts";

jest.setTimeout(30_000);

const cleanup = cleanupAfterEach();

async function startWith(server: XdsServer): Promise<RunningApp> {
  return cleanup.add(
    startInProcess({
      settings: {
        CONFIG_TYPE: "GRPC_XDS_SOTW",
        CONFIG_GRPC_XDS_SERVER_URL: server.target,
        CONFIG_GRPC_XDS_NODE_ID: "node-1",
        CONFIG_GRPC_XDS_NODE_METADATA: "zone=a",
        RESPONSE_DYNAMIC_METADATA: "true",
      },
    }),
  );
}

/** `RateLimitDescriptor`: its key, a limit of so many an hour, and more. */
const rule = (key: string, perHour: number, ...more: readonly Buffer[]) =>
  message(field(1, key), field(3, message(field(1, 3), field(2, perHour))), ...more);

/** `RateLimitConfig`. */
const config = (name: string, domain: string, ...descriptors: readonly Buffer[]) =>
  message(field(1, name), field(2, domain), ...descriptors.map((each) => field(3, each)));

const send = (server: XdsServer, version: string, nonce: string, ...configs: readonly Buffer[]) =>
  server.latest.send({
    versionInfo: version,
    nonce,
    typeUrl: configUrl,
    resources: configs.map((value) => ({ type_url: configUrl, value })),
  });

test("a server reads who asks, for what, and what became of each update", async () => {
  const server = await cleanup.add(XdsServer.start());
  await startWith(server);
  const node = {
    id: "node-1",
    metadata: { fields: { zone: expect.objectContaining({ stringValue: "a" }) } },
  };
  const asked = { node, typeUrl: configUrl, resourceNames: [] };
  await eventually(() =>
    expect(server.latest.last).toEqual({ ...asked, versionInfo: "", responseNonce: "" }),
  );

  send(server, "v1", "n1", config("good", "d", rule("k", 1)));
  await eventually(() =>
    expect(server.latest.last).toEqual({ ...asked, versionInfo: "v1", responseNonce: "n1" }),
  );

  send(server, "v2", "n2", config("bad", "d", rule("", 1)));
  await eventually(() =>
    expect(server.latest.last).toEqual({
      ...asked,
      versionInfo: "v1",
      responseNonce: "n2",
      errorDetail: expect.objectContaining({ code: 3, message: "bad: descriptor has empty key" }),
    }),
  );
});

test("rules are read by the numbers of their fields", async () => {
  const server = await cleanup.add(XdsServer.start());
  const app = await startWith(server);
  await eventually(() => server.latest.last);
  const metadata = message(
    field(1, message(field(1, "plan"), field(2, message(field(3, "gold"))))),
  );
  const policies = [
    message(field(1, 4), field(2, 8), field(4, "named")),
    message(field(1, 7), field(2, 9), field(5, message(field(1, "named")))),
    message(field(3, 1)),
  ];
  const withPolicy = (key: string, policy: Buffer | undefined) =>
    message(field(1, key), field(3, policy ?? ""));
  send(
    server,
    "1",
    "1",
    config(
      "all",
      "d",
      rule("valued", 1, field(2, "v")),
      rule("outer", 2, field(4, rule("inner", 3))),
      rule("shadowed", 4, field(5, 1)),
      rule("detailed", 5, field(6, 1)),
      rule("quota", 6, field(7, 1)),
      rule("described", 7, field(8, metadata)),
      withPolicy("named", policies[0]),
      withPolicy("replacing", policies[1]),
      withPolicy("free", policies[2]),
    ),
  );
  await eventually(async () =>
    expect((await get(app.app.debugPort, "/rlconfig")).body.split("\n").slice(0, -1)).toEqual([
      "d.described: unit=HOUR requests_per_unit=7, shadow_mode: false, quota_mode: false",
      "d.detailed: unit=HOUR requests_per_unit=5, shadow_mode: false, quota_mode: false",
      "d.free: unit=UNKNOWN requests_per_unit=0, shadow_mode: false, quota_mode: false",
      "d.named: unit=DAY requests_per_unit=8, shadow_mode: false, quota_mode: false",
      "d.outer.inner: unit=HOUR requests_per_unit=3, shadow_mode: false, quota_mode: false",
      "d.outer: unit=HOUR requests_per_unit=2, shadow_mode: false, quota_mode: false",
      "d.quota: unit=HOUR requests_per_unit=6, shadow_mode: false, quota_mode: true",
      "d.replacing: unit=WEEK requests_per_unit=9, shadow_mode: false, quota_mode: false",
      "d.shadowed: unit=HOUR requests_per_unit=4, shadow_mode: true, quota_mode: false",
      "d.valued_v: unit=HOUR requests_per_unit=1, shadow_mode: false, quota_mode: false",
    ]),
  );

  const named = await app.ask("named=x");
  expect(named.statuses[0]?.currentLimit?.name).toBe("named");
  const replaced = await app.ask({ descriptors: ["named=x", "replacing=x"] });
  expect(replaced.statuses.map(({ currentLimit }) => currentLimit?.requestsPerUnit)).toEqual([
    undefined,
    9,
  ]);
  expect((await app.ask("free=x")).statuses[0]?.limitRemaining).toBe(4_294_967_295);
  expect((await app.ask("described=x")).dynamicMetadata).toMatchObject({
    metadata: { plan: "gold" },
  });
  await app.ask("detailed=x");
  const hits = sampleValue(await app.metrics(), "ratelimit_service_rate_limit_total_hits", {
    domain: "d",
    key1: "detailed_x",
  });
  expect(hits).toBe(1);
});
