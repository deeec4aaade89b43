import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { hadolint, imageNode, pathOf } from "../../.ci/setup/image-tools.js";
import { RateLimitUnit } from "../../src/gen/ratelimit/config/ratelimit/v3/rls_conf.ts";
import { Authority } from "../support/certificates.ts";
import { cleanupAfterEach } from "../support/cleanup.ts";
import { layBase, mountFile, startContained } from "../support/container.ts";
import { baseImages, buildImage, type Image } from "../support/dockerfile.ts";
import { envoyGateway } from "../support/envoy-gateway.ts";
import { eventually } from "../support/eventually.ts";
import { GrpcClient } from "../support/grpc-client.ts";
import { get } from "../support/http-client.ts";
import { parseExposition, sampleValue } from "../support/parse-exposition.ts";
import { Pod } from "../support/pod.ts";
import { freePorts } from "../support/ports.ts";
import type { RunningProcess } from "../support/processes.ts";
import { sharedRedis } from "../support/shared-redis.ts";
import { askOnce, trusting } from "../support/tls-client.ts";
import { SnapshotServer } from "../support/xds/snapshot-server.ts";
import { limit, rule } from "../support/xds/updates.ts";

const cleanup = cleanupAfterEach();
const context = join(import.meta.dirname, "../..");
const dockerfile = join(context, "Dockerfile");

describe("the Dockerfile", () => {
  test("leaves the linter nothing to say, without an exception", () => {
    const { status, stdout, stderr } = spawnSync(pathOf(hadolint), ["--no-color", dockerfile], {
      encoding: "utf8",
    });
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: "" });
    expect(readFileSync(dockerfile, "utf8")).not.toContain("hadolint ignore");
  });

  test("names every base by its digest", () => {
    const bases = baseImages(dockerfile);
    expect(bases.length).toBeGreaterThan(0);
    for (const base of bases) expect(base).toMatch(/^\S+:\S+@sha256:[0-9a-f]{64}$/);
  });
});

describe("the image", () => {
  const workspace = mkdtempSync(join(tmpdir(), "velocitygate-image-"));
  let image: Image;

  beforeAll(() => {
    const node = pathOf(imageNode);
    image = buildImage({ context, workspace, nodeDirectory: dirname(node) });
    layBase(image, node);
    mountFile(image, "/etc/velocitygate/config/login.yaml", rules);
  }, 240_000);

  afterAll(() => rmSync(workspace, { recursive: true, force: true }));

  test("holds the compiled service and the packages that it runs on, and nothing else", () => {
    expect(readdirSync(join(image.root, "app")).toSorted(byName)).toEqual([
      "dist",
      "node_modules",
      "package.json",
    ]);
    const lock = JSON.parse(readFileSync(join(context, "package-lock.json"), "utf8"));
    const packages = packagesIn(join(image.root, "app/node_modules"));
    expect(packages).toContain("node_modules/@grpc/grpc-js");
    expect(packages.filter((path) => lock.packages[path]?.dev !== undefined)).toEqual([]);
  });

  test("has no file that its user could change", () => {
    expect(image.user).toBe("65532:65532");
    expect(filesOf(image.root).filter(isWritableByOthers)).toEqual([]);
  });

  test("cannot be written to while it runs, so that the tests below prove something", async () => {
    const write = 'require("node:fs").writeFileSync("/app/x", "")';
    const attempt = startContained(image, ["/nodejs/bin/node", "-e", write]);
    await attempt.exited;
    expect(attempt.log).toContain("EROFS");
  });

  test("has the reference's checker of rule files", async () => {
    const command = ["/bin/ratelimit_config_check", "-config_dir", "/etc/velocitygate/config"];
    const check = startContained(image, command);
    expect(await check.exited).toEqual({ code: 0, signal: undefined });
    expect(check.log).toContain("all rate limit configs ok");
  });

  test.each([
    ["its entry point", () => image.entrypoint],
    ["/bin/ratelimit, as Envoy Gateway starts it", () => ["/bin/ratelimit"]],
  ])(
    "started by %s limits, tells its health, and ends on SIGTERM",
    async (_name, command) => {
      const ports = await freePorts(3);
      const settings = environment(ports);
      const healthcheck = async () => {
        const { code } = await startContained(image, image.healthcheck, settings).exited;
        return code;
      };
      expect(await healthcheck()).toBe(1);

      const service = startContained(image, command(), settings);
      try {
        await eventually(async () => (await healthcheck()) === 0, { timeoutMs: 30_000 });
        expect(owner(service)).toBe(process.getuid?.() === 0 ? "65532" : `${process.getuid?.()}`);
        expect([await ask(ports), await ask(ports), await ask(ports)]).toEqual([200, 200, 429]);
        const client = startContained(image, clientCommand(ports));
        expect(await client.exited).toEqual({ code: 0, signal: undefined });
        expect(client.log).toContain("response: overall_code:OVER_LIMIT");

        service.signal("SIGTERM");
        expect(await service.exited).toEqual({ code: 0, signal: undefined });
        expect(await healthcheck()).toBe(1);
      } catch (error) {
        throw new Error(`the service said:\n${service.log}`, { cause: error });
      } finally {
        await service.kill();
      }
    },
    60_000,
  );

  test("as Envoy Gateway starts it: its command, environment, files, ports, user and probes, rules and calls over mTLS", async () => {
    const authority = new Authority("envoy-gateway");
    const socket = join(workspace, "gateway.sock");
    const tls = {
      ...authority.issue({ names: ["envoy-gateway"], purpose: "server" }),
      clientCa: authority.cert,
    };
    const gateway = await cleanup.add(SnapshotServer.start({ address: `unix:${socket}`, tls }));
    const domain = `default/eg/http-${randomUUID()}`;
    const key = "rule-0-match--1";
    const once = limit(1, { unit: RateLimitUnit.YEAR });
    gateway.set([
      { name: domain, domain, descriptors: [rule(key, { value: key, rateLimit: once })] },
    ]);

    const { cert, key: privateKey } = authority.issue({ names: ["envoy-ratelimit"] });
    const { command, env, user, ports, server, redis } = envoyGateway;
    const pod = await cleanup.add(
      Pod.start({
        image,
        command,
        env,
        user,
        files: {
          "/certs/tls.crt": cert,
          "/certs/tls.key": privateKey,
          "/certs/ca.crt": authority.cert,
          "/etc/statsd-exporter/conf.yaml": mapperFile,
        },
        outside: { [server]: socket, [redis]: sharedRedis().single.port },
        ports: Object.values(ports),
      }),
    );
    const probe = () => get(pod.port(ports.probes), envoyGateway.probe);
    await eventually(async () => expect((await probe()).status).toBe(200), { timeoutMs: 30_000 });
    expect(gateway.server.latest.last).toMatchObject({
      versionInfo: "1",
      node: { id: envoyGateway.nodeId },
    });

    const named = { "grpc.ssl_target_name_override": "envoy-ratelimit" };
    const target = `127.0.0.1:${pod.port(ports.grpc)}`;
    const envoy = new GrpcClient(target, named, trusting(authority, authority.issue()));
    const stranger = new GrpcClient(target, named, trusting(authority));
    const ask = async () => (await askOnce(envoy, domain, [key, key])).overallCode;
    try {
      expect([await ask(), await ask()]).toEqual([1, 2]);
      // Nothing of what Envoy Gateway sets is set in vain, or not understood.
      expect(pod.service.log).not.toMatch(/"level":"(?:warning|error)"(?!.*"listening")/);
      await expect(askOnce(stranger, domain)).rejects.toMatchObject({ code: 14 });
    } finally {
      envoy.close();
      stranger.close();
    }
    const { body } = await get(pod.port(ports.metrics), "/metrics");
    const denied = "ratelimit_service_rate_limit_over_limit";
    expect(sampleValue(parseExposition(body), denied, { domain, key1: `${key}_${key}` })).toBe(1);

    pod.service.signal("SIGTERM");
    expect(await pod.service.exited).toEqual({ code: 0, signal: undefined });
  }, 60_000);
});

/** As Envoy Gateway's own: limits by their domain and their first key. */
const mapperFile = `mappings:
  - match: "ratelimit.service.rate_limit.*.*.over_limit"
    name: "ratelimit_service_rate_limit_over_limit"
    labels:
      domain: "$1"
      key1: "$2"
`;

/** A year: no run meets the end of the window. */
const rules = `domain: login
descriptors:
  - key: user
    rate_limit: { unit: year, requests_per_unit: 2 }
`;

function environment([http, grpc, debug]: readonly number[]): Record<string, string> {
  return {
    PORT: `${http}`,
    GRPC_PORT: `${grpc}`,
    DEBUG_PORT: `${debug}`,
    RUNTIME_ROOT: "/etc/velocitygate",
    RUNTIME_WATCH_ROOT: "false",
    RUNTIME_IGNOREDOTFILES: "true",
    BACKEND_TYPE: "memory",
  };
}

async function ask([http = 0]: readonly number[]): Promise<number> {
  const request = { domain: "login", descriptors: [{ entries: [{ key: "user", value: "a" }] }] };
  const { status } = await get(http, "/json", { method: "POST", body: JSON.stringify(request) });
  return status;
}

/** The reference's client, asking what `ask` does. */
function clientCommand([, grpc = 0]: readonly number[]): readonly string[] {
  const address = `127.0.0.1:${grpc}`;
  return ["/bin/ratelimit_client", "-dial_string", address, "-domain=login", "-descriptors=user=a"];
}

/** The user that the process runs as. */
function owner({ pid }: RunningProcess): string | undefined {
  return /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
}

function filesOf(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" }).map((path) => join(root, path));
}

function isWritableByOthers(path: string): boolean {
  const { mode, uid } = statSync(path);
  return uid === 65_532 || (mode & 0o002) !== 0;
}

/** By their names in the lockfile. */
function packagesIn(nodeModules: string): string[] {
  return readdirSync(nodeModules)
    .filter((name) => !name.startsWith("."))
    .flatMap((name) =>
      name.startsWith("@")
        ? readdirSync(join(nodeModules, name)).map((inner) => `${name}/${inner}`)
        : [name],
    )
    .map((name) => `node_modules/${name}`);
}

function byName(a: string, b: string): number {
  return a < b ? -1 : 1;
}
