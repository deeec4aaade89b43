import { expect, jest, test } from "@jest/globals";
import { RateLimitRequest } from "../../src/gen/envoy/service/ratelimit/v3/rls.ts";
import { shouldRateLimitPath } from "../../src/rls/methods.ts";
import { cleanupAfterEach } from "../support/cleanup.ts";
import { eventually } from "../support/eventually.ts";
import { headers, lastData, message, requestFields, windowUpdate } from "../support/h2/frames.ts";
import { RawClient } from "../support/h2/raw-client.ts";
import { type RunningApp, startInProcess } from "../support/running-app.ts";

jest.setTimeout(60_000);

const cleanup = cleanupAfterEach();

const patience = { timeoutMs: 20_000, intervalMs: 50 };

/** Far more than one turn of an event loop takes from a connection, or serves in a millisecond. */
const callCount = 6_000;

const request = message(
  Buffer.from(
    RateLimitRequest.encode({
      domain: "test",
      descriptors: Array.from({ length: 4 }, () => ({
        entries: [{ key: "k", value: "v" }],
        limit: undefined,
        hitsAddend: undefined,
        isNegativeHits: false,
      })),
      hitsAddend: 1,
    }).finish(),
  ).toString("latin1"),
);

/** Makes all calls in one go, and answers their statuses. */
async function flood({ app }: RunningApp): Promise<readonly (string | undefined)[]> {
  const client = await RawClient.greeted(app.grpcPort ?? 0);
  const ids = Array.from({ length: callCount }, (_, i) => 1 + 2 * i);
  const fields = requestFields(shouldRateLimitPath);
  client.send(windowUpdate(0, 2 ** 30));
  client.send(...ids.flatMap((id) => [headers(id, fields), lastData(id, request)]));
  const { answers } = client;
  await eventually(() => ids.every((id) => answers.on(id).isComplete), patience);
  client.destroy();
  return ids.map((id) => answers.on(id).fields["grpc-status"]);
}

async function excessOf({ app }: RunningApp): Promise<number> {
  const page = await (await fetch(`http://127.0.0.1:${app.httpPort}/metrics`)).text();
  return Number(/^velocitygate_excess_requests_total (\d+)$/m.exec(page)?.[1]);
}

const many = { GRPC_MAX_CONCURRENT_STREAMS: "100000" };

test("of more calls than it can carry some are turned away at once, and all with OVERLOAD_WAIT_MAX=0 served", async () => {
  const guarded = await cleanup.add(
    startInProcess({ settings: { ...many, OVERLOAD_WAIT_MAX: "1ms" } }),
  );
  const statuses = await flood(guarded);
  const refused = statuses.filter((status) => status === "8").length;
  expect(statuses.filter((status) => status === "0")).toHaveLength(callCount - refused);
  expect(refused).toBeGreaterThan(0);
  expect(refused).toBeLessThan(callCount);
  expect(await excessOf(guarded)).toBe(refused);

  const patient = await cleanup.add(
    startInProcess({ settings: { ...many, OVERLOAD_WAIT_MAX: "0" } }),
  );
  expect(new Set(await flood(patient))).toEqual(new Set(["0"]));
  expect(await excessOf(patient)).toBe(0);
});

test("with FAILURE_POLICY=allow every call is OK, however many there are", async () => {
  const settings = { ...many, OVERLOAD_WAIT_MAX: "1ms", FAILURE_POLICY: "allow" };
  const app = await cleanup.add(startInProcess({ settings }));
  expect(new Set(await flood(app))).toEqual(new Set(["0"]));
  expect(await excessOf(app)).toBeGreaterThan(0);
});
