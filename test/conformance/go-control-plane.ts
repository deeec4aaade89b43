/**
 * `npm run xds:go`: the whole service against go-control-plane's own server and snapshot cache, in the clear and over mTLS. It needs Go.
 * With `-- --write-proto` it writes the descriptor of the published proto, which it otherwise compares.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Authority } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { get } from "../support/http-client.ts";
import { RateLimitClient } from "../support/rate-limit-client.ts";
import { startGate, type TestGate } from "../support/velocitygate.ts";
import { GoControlPlane } from "./go-control-plane/server.ts";

const root = join(import.meta.dirname, "../..");
const binary = join(root, ".tools/go-control-plane/server");
const descriptorFile = join(root, "test/support/protos/rls_conf.base64");

const rule = (key: string, requests: number, rest: object = {}) => ({
  key,
  rate_limit: { unit: "MINUTE", requests_per_unit: requests },
  ...rest,
});
const config = (domain: string, ...descriptors: object[]) => ({
  name: domain,
  domain,
  descriptors,
});
const bad = { name: "bad", domain: "bad", descriptors: [{ key: "" }] };

interface Stage {
  gate: TestGate;
  server: GoControlPlane;
  /** Ends the server and starts another one on its port, which counts from 1 again. */
  restart(): Promise<void>;
  /** The limit for `k`, in requests of a minute; `undefined`: there is none. */
  limit(): Promise<string | undefined>;
}

type Check = readonly [name: string, run: (stage: Stage) => Promise<void>];

const checks: readonly Check[] = [
  [
    "the first rules come, and are accepted with their version and nonce",
    async ({ server, limit }) => {
      const [first, second] = await server.requests(2);
      equal(first, { version: "", nonce: "", node: "some-node", error: undefined });
      equal(second, { version: "1", nonce: "1", node: "some-node", error: undefined });
      equal(await limit(), "5/MINUTE");
    },
  ],
  [
    "a change, a resource more and a resource less",
    async ({ server, limit, gate }) => {
      server.put("2", [config("d", rule("k", 7)), config("e", rule("x", 1))]);
      await server.accepted("2");
      equal(await limit(), "7/MINUTE");
      server.put("3", [config("e", rule("x", 1))]);
      await server.accepted("3");
      equal(await limit(), undefined);
      const { body } = await get(gate.debugPort, "/rlconfig");
      equal(body.split(":")[0], "e.x");
    },
  ],
  [
    "all that the published proto has",
    async ({ server, gate }) => {
      const inner = {
        key: "in",
        value: "a*",
        rate_limit: { unit: "WEEK", requests_per_unit: 3, name: "n", replaces: [{ name: "m" }] },
        shadow_mode: true,
        quota_mode: true,
        detailed_metric: true,
        metadata: { plan: "gold", levels: [1, 2] },
      };
      const free = { key: "free", rate_limit: { unlimited: true } };
      server.put("4", [config("all", { key: "out", descriptors: [inner] }, free)]);
      await server.accepted("4");
      const { body } = await get(gate.debugPort, "/rlconfig");
      equal(body.split("\n"), [
        "all.free: unit=UNKNOWN requests_per_unit=0, shadow_mode: false, quota_mode: false",
        "all.out.in_a*: unit=WEEK requests_per_unit=3, shadow_mode: true, quota_mode: true",
        "",
      ]);
    },
  ],
  [
    "a mistake is refused with its text, the rules stay, and the server is not asked without end",
    async ({ server, limit }) => {
      server.put("5", [config("d", rule("k", 8))]);
      await server.accepted("5");
      const before = server.responses;
      server.put("6", [config("d", rule("k", 9)), bad]);
      await eventually(() => server.refusals.length >= 3, { timeoutMs: 10_000 });
      equal(new Set(server.refusals), new Set(["bad: descriptor has empty key"]));
      equal(server.responses - before <= 5, true);
      equal(await limit(), "8/MINUTE");
      server.put("7", [config("d", rule("k", 9))]);
      await server.accepted("7", 8_000);
      equal(await limit(), "9/MINUTE");
    },
  ],
  [
    "an empty snapshot takes all rules away",
    async ({ server, limit }) => {
      server.put("8", []);
      await server.accepted("8");
      equal(await limit(), undefined);
    },
  ],
  [
    "a hundred snapshots, as fast as they come: the last one is in force",
    async ({ server, limit }) => {
      for (let at = 1; at <= 100; at++) server.put(`fast-${at}`, [config("d", rule("k", at))]);
      await server.accepted("fast-100");
      equal(await limit(), "100/MINUTE");
    },
  ],
  [
    "a server that was restarted, and gives other rules the version that was accepted before",
    async (stage) => {
      stage.server.put("1", [config("d", rule("k", 11))]);
      await stage.server.accepted("1");
      await stage.restart();
      stage.server.put("1", [config("d", rule("k", 12))]);
      await stage.server.accepted("1", 5_000);
      const [first] = await stage.server.requests(1);
      equal(first, { version: "", nonce: "", node: "some-node", error: undefined });
      equal(await stage.limit(), "12/MINUTE");
    },
  ],
];

function equal(actual: unknown, expected: unknown): void {
  const [found, wanted] = [actual, expected].map((one) =>
    JSON.stringify(one instanceof Set ? [...one] : one),
  );
  if (found !== wanted) throw new Error(`${found} is not ${wanted}`);
}

async function run(isTls: boolean): Promise<boolean> {
  process.stdout.write(isTls ? "over mTLS\n" : "in the clear\n");
  const folder = mkdtempSync(join(tmpdir(), "velocitygate-go-control-plane-"));
  const { args, settings } = isTls ? certificatesIn(folder) : { args: [], settings: {} };
  let server = await GoControlPlane.start(binary, args);
  server.put("1", [config("d", rule("k", 5))]);
  const { port } = server;
  const gate = await startGate({
    settings: {
      CONFIG_TYPE: "GRPC_XDS_SOTW",
      CONFIG_GRPC_XDS_SERVER_URL: `127.0.0.1:${port}`,
      CONFIG_GRPC_XDS_NODE_ID: "some-node",
      ...settings,
    },
  });
  const client = new RateLimitClient(gate.grpcPort);
  const stage: Stage = {
    gate,
    get server() {
      return server;
    },
    async restart() {
      await server.stop();
      server = await GoControlPlane.start(binary, [...args, "-port", `${port}`]);
    },
    limit: async () => (await client.ask("d", "k=v")).statuses[0]?.split(" ")[1],
  };
  let isGood = true;
  for (const [name, check] of checks) {
    const failure = await check(stage).then(
      () => undefined,
      (error: Error) => error.message,
    );
    process.stdout.write(
      failure === undefined ? `  ok    ${name}\n` : `  FAILS ${name}: ${failure}\n`,
    );
    isGood &&= failure === undefined;
  }
  if (!isGood) process.stdout.write(gate.log);
  await client.stop();
  await gate.stop();
  await server.stop();
  rmSync(folder, { recursive: true });
  return isGood;
}

/** One CA for both sides, as Envoy Gateway has it. */
function certificatesIn(folder: string) {
  const authority = new Authority("gateway");
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const server = authority.issue({ names: ["127.0.0.1"], purpose: "server" });
  const client = authority.issue({ purpose: "client" });
  const ca = file("ca.crt", authority.cert);
  return {
    args: [
      ...["-cert", file("server.crt", server.cert), "-key", file("server.key", server.key)],
      ...["-client-ca", ca],
    ],
    settings: {
      CONFIG_GRPC_XDS_SERVER_USE_TLS: "true",
      CONFIG_GRPC_XDS_SERVER_TLS_CACERT: ca,
      CONFIG_GRPC_XDS_CLIENT_TLS_CERT: file("client.crt", client.cert),
      CONFIG_GRPC_XDS_CLIENT_TLS_KEY: file("client.key", client.key),
    },
  };
}

/** Whether our copy of the published descriptor is the published one. */
function checkDescriptor(isToBeWritten: boolean): boolean {
  const { stdout } = spawnSync(binary, ["-descriptor"], { encoding: "utf8" });
  const published = `${(stdout.trim().match(/.{1,100}/g) ?? []).join("\n")}\n`;
  if (isToBeWritten) writeFileSync(descriptorFile, published);
  const isSame = readFileSync(descriptorFile, "utf8") === published;
  process.stdout.write(
    `the published proto ${isSame ? "is" : "is NOT"} the one that ours is compared with\n`,
  );
  return isSame;
}

function build(): boolean {
  const { status, error } = spawnSync("nice", ["-n", "19", "go", "build", "-o", binary, "."], {
    cwd: join(import.meta.dirname, "go-control-plane"),
    stdio: "inherit",
  });
  if (status !== 0)
    process.stderr.write(`the server cannot be built: ${error?.message ?? status}\n`);
  return status === 0;
}

async function main(): Promise<number> {
  if (!build()) return 1;
  const results = [
    checkDescriptor(process.argv.includes("--write-proto")),
    await run(false),
    await run(true),
  ];
  return results.every(Boolean) ? 0 : 1;
}

process.exitCode = await main();
