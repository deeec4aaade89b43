import { expect, test } from "@jest/globals";
import { withPatience } from "../../envoy/demo/config.js";
import { cleanupAfterEach } from "../support/cleanup.ts";
import { startEnvoy } from "../support/envoy.ts";
import { get } from "../support/http-client.ts";
import { asPatchedByIstio, istioResources } from "../support/istio.ts";
import { startUpstream } from "../support/upstream.ts";
import { startGate } from "../support/velocitygate.ts";
import { roomInMinute } from "../support/window.ts";

const cleanup = cleanupAfterEach();

/** An Envoy as Istio would have it after the patches of a file. */
async function startPatched(file: string) {
  const [filter] = istioResources(file);
  const upstream = await cleanup.add(startUpstream());
  const gate = await cleanup.add(startGate());
  const envoy = await cleanup.add(
    startEnvoy({
      gates: [gate],
      upstream,
      change: (config) => {
        asPatchedByIstio(config, filter);
        withPatience(config);
      },
    }),
  );
  await roomInMinute(5);
  const ask = (path: string, headers: Record<string, string> = {}) =>
    get(envoy.port, path, { headers });
  return { ask, envoy, gate };
}

test("a gateway with the patches limits by address and by plan, and a named route by its own domain", async () => {
  const { ask, envoy, gate } = await startPatched("gateway.yaml");
  expect((await ask("/")).headers["x-ratelimit-limit"]).toBe('100, 100;w=60;name="per_address"');
  const free = { "x-plan": "free", "x-user": "ann" };
  const answers = [];
  for (let i = 0; i < 4; i++) answers.push((await ask("/", free)).status);
  expect(answers).toEqual([200, 200, 200, 429]);
  expect((await ask("/reports", free)).headers["x-ratelimit-remaining"]).toBe("5");

  await envoy.setRuntime("ratelimit.velocitygate.enforced", "0");
  expect((await ask("/", free)).status).toBe(200);
  await envoy.setRuntime("ratelimit.velocitygate.enforced", "100");
  await gate.kill();
  expect((await ask("/", free)).status).toBe(200);
  await envoy.setRuntime("ratelimit.velocitygate.failure_mode_deny_percent", "100");
  expect((await ask("/", free)).status).toBe(500);
}, 60_000);

test("a sidecar with the patches limits all callers of its workload together", async () => {
  const { ask } = await startPatched("sidecar.yaml");
  // Without mutual TLS there is no caller to be told apart: only the other descriptor is made.
  const first = await ask("/");
  expect(first.headers["x-ratelimit-limit"]).toBe("200, 200;w=1");
}, 60_000);
