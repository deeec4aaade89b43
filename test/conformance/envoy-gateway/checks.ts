import { envoyGateway } from "../../support/envoy-gateway.ts";
import { eventually } from "../../support/eventually.ts";
import { get } from "../../support/http-client.ts";
import { forAll, perAddress, perUser, policy } from "./resources.ts";
import type { Stage } from "./stage.ts";

/** Answers a remark, or nothing. */
export type Check = readonly [name: string, run: (stage: Stage) => Promise<string | undefined>];

const patience = { timeoutMs: 20_000, intervalMs: 50 };

export const checks: readonly Check[] = [
  [
    "rules of a policy come over mTLS, and decide over mTLS",
    async (stage) => {
      await settled(stage, { "rule-0-match-0": "3/HOUR", "rule-1-match--1": "100/MINUTE" });
      const answers = [];
      for (let at = 0; at < 4; at++) answers.push(await stage.ask("alice"));
      equal(answers, ["OK", "OK", "OK", "OVER_LIMIT"]);
      equal(await stage.ask("bob"), "OK");
      return undefined;
    },
  ],
  [
    "a policy that changes",
    async (stage) => {
      stage.tell(policy(perUser(5)));
      await settled(stage, { "rule-0-match-0": "5/HOUR" });
      return undefined;
    },
  ],
  [
    "a policy of which Envoy Gateway makes a duplicate key is refused, the rules stay, and nobody spins",
    async (stage) => {
      stage.tell(policy(perAddress("Exact", 1), perAddress("Distinct", 2)));
      const refusals = () => stage.metric("ratelimit_service_config_load_error");
      await eventually(async () => (await refusals()) > 0, patience);
      const [cpuBefore, refusalsBefore] = [await cpuSeconds(stage), await refusals()];
      await elapse(15_000);
      const [cpu, more] = [
        (await cpuSeconds(stage)) - cpuBefore,
        (await refusals()) - refusalsBefore,
      ];
      equal(await stage.limits(), { "rule-0-match-0": "5/HOUR" });
      equal(stage.gate.log.match(/duplicate descriptor composite key/g)?.length, 1);
      if (more > 8 || cpu > 1.5)
        throw new Error(`${more} more refusals, ${cpu.toFixed(2)} s of CPU`);
      return `in 15 s ${more} more times, and ${cpu.toFixed(2)} s of CPU`;
    },
  ],
  [
    "a policy that is mended",
    async (stage) => {
      stage.tell(policy(forAll(7)));
      await settled(stage, { "rule-0-match--1": "7/MINUTE" });
      return undefined;
    },
  ],
  [
    "Envoy Gateway is restarted, counts from 1 again, and has another policy: the rules stay, then change within five seconds",
    async (stage) => {
      await stage.restart(async () => {
        equal(await stage.limits(), { "rule-0-match--1": "7/MINUTE" });
        equal((await get(stage.gate.httpPort, envoyGateway.probe)).status, 200);
        stage.tell(policy(forAll(8)));
      });
      const beginMs = performance.now();
      await settled(stage, { "rule-0-match--1": "8/MINUTE" });
      const seconds = (performance.now() - beginMs) / 1000;
      if (seconds > 5) throw new Error(`it took ${seconds.toFixed(1)} s`);
      return `${seconds.toFixed(1)} s after it listened`;
    },
  ],
  [
    "a policy that goes takes its rules along",
    async (stage) => {
      stage.tell(undefined);
      await settled(stage, {});
      equal(await stage.ask("alice"), "OK");
      return undefined;
    },
  ],
];

const cpuSeconds = (stage: Stage) => stage.metric("process_cpu_seconds_total");

async function settled(stage: Stage, limits: Readonly<Record<string, string>>): Promise<void> {
  await eventually(async () => equal(await stage.limits(), limits), patience);
}

async function elapse(ms: number): Promise<void> {
  const endMs = performance.now() + ms;
  await eventually(() => performance.now() >= endMs, { timeoutMs: ms + 5_000, intervalMs: 100 });
}

function equal(actual: unknown, expected: unknown): void {
  const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (found !== wanted) throw new Error(`${found} is not ${wanted}`);
}
