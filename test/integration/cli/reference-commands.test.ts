import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { type OtlpReceiver, startGrpcReceiver } from "../../support/otlp-receiver.ts";
import { type Finished, runBuilt } from "../../support/run-node.ts";
import { startGate, type TestGate } from "../../support/velocitygate.ts";

const root = join(import.meta.dirname, "../../..");

/** Runs the program that npm installs under this name. */
async function run(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Finished & { readonly program: string }> {
  const { bin } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const program: string = join(root, bin[name]);
  expect((await readFile(program, "utf8")).startsWith("#!/usr/bin/env ")).toBe(true);
  return { program, ...(await runBuilt(bin[name].replace(/^dist\//, ""), args, env)) };
}

describe("ratelimit_config_check", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "velocitygate-config-check-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const check = (...args: string[]) => run("ratelimit_config_check", args);
  const write = (name: string, text: string) => writeFile(join(folder, name), text);
  const rules = (domain: string, key: string) =>
    `domain: ${domain}\ndescriptors: [{key: ${key}, rate_limit: {unit: hour, requests_per_unit: 3}}]\n`;
  /** What it says before the files. */
  const begin = (directory: string) =>
    `checking rate limit configs...\nloading config directory: ${directory}\n`;

  test.each([
    ["-config_dir DIR", (directory: string) => ["-config_dir", directory]],
    ["-config_dir=DIR", (directory: string) => [`-config_dir=${directory}`]],
    ["--config_dir DIR", (directory: string) => ["--config_dir", directory]],
    ["words behind it", (directory: string) => [`--config_dir=${directory}`, "x", "-nope"]],
  ])("takes %s, names every file, and ends with 0 when all are right", async (_, args) => {
    await write("b.yaml", rules("b", "k"));
    await write("a.yaml", rules("a", "k"));
    const { output, exit } = await check(...args(folder));
    expect(output).toBe(
      `${begin(folder)}opening config file: ${folder}/a.yaml\nopening config file: ${folder}/b.yaml\nall rate limit configs ok\n`,
    );
    expect(exit.code).toBe(0);
  });

  test("tells the first mistake as the reference does, then each with its place, and ends with 1", async () => {
    await write("a.yaml", rules("d", "''"));
    await write("b.yaml", rules("d", "k"));
    const { output, exit } = await check("-config_dir", folder);
    expect(output).toContain(
      `opening config file: ${folder}/b.yaml\nerror loading rate limit configs: ${folder}/a.yaml: descriptor has empty key\n`,
    );
    expect(output).toContain(`${folder}/b.yaml:1:9: duplicate domain 'd' in config file\n`);
    expect(exit.code).toBe(1);
  });

  test("merges domains with -merge_domain_configs only", async () => {
    await write("a.yaml", rules("d", "one"));
    await write("b.yaml", rules("d", "two"));
    expect((await check("-config_dir", folder)).exit.code).toBe(1);
    for (const flag of ["-merge_domain_configs", "--merge_domain_configs=1"]) {
      expect((await check("-config_dir", folder, flag)).exit.code).toBe(0);
    }
    const off = await check("-config_dir", folder, "-merge_domain_configs=false");
    expect(off.exit.code).toBe(1);
  });

  test.each([
    ["domin: d\n", "config error, unknown key 'domin'"],
    [
      "domain: d\ndescriptors: [a]\n",
      "config error, yaml file contains list of type other than map: a",
    ],
    ["domain: [\n", "error loading config file: yaml: "],
    [
      "domain: d\ndescriptors: [{key: k, rate_limit: {requests_per_unit: x}}]\n",
      "error loading config file: yaml: unmarshal errors:",
    ],
  ])(
    "stops at the file that is no YAML of rules, where the reference crashes, and ends with 2 as it does: %j",
    async (text, reason) => {
      await write("a.yaml", rules("d", "''"));
      await write("b.yaml", text);
      await write("c.yaml", rules("c", "k"));
      const { output, exit } = await check("-config_dir", folder);
      expect(output).toContain(
        `opening config file: ${folder}/b.yaml\nerror loading rate limit configs: ${folder}/b.yaml: ${reason}`,
      );
      expect(output).not.toContain("c.yaml");
      expect(exit.code).toBe(2);
    },
  );

  test("refuses what it cannot read in the reference's words, and ends with 1", async () => {
    const absent = join(folder, "absent");
    expect(await check("-config_dir", absent)).toMatchObject({
      output: `${begin(absent)}error opening directory ${absent}: open ${absent}: no such file or directory\n`,
      exit: { code: 1 },
    });
    expect(await check()).toMatchObject({
      output: `${begin("")}error opening directory : open : no such file or directory\n`,
      exit: { code: 1 },
    });
    await mkdir(join(folder, "sub"));
    expect(await check("-config_dir", folder)).toMatchObject({
      output: `${begin(folder)}opening config file: ${folder}/sub\nerror reading file ${folder}/sub: read ${folder}/sub: is a directory\n`,
      exit: { code: 1 },
    });
    await rm(join(folder, "sub"), { recursive: true });
    await symlink(absent, join(folder, "link"));
    expect(await check("-config_dir", folder)).toMatchObject({
      output: `${begin(folder)}opening config file: ${folder}/link\nerror reading file ${folder}/link: open ${folder}/link: no such file or directory\n`,
      exit: { code: 1 },
    });
  });

  test("reads a mounted ConfigMap once, whose own entries are no rule files", async () => {
    await mkdir(join(folder, "..2026_11_24"));
    await writeFile(join(folder, "..2026_11_24/a.yaml"), rules("d", "k"));
    await symlink("..2026_11_24", join(folder, "..data"));
    await symlink("..data/a.yaml", join(folder, "a.yaml"));
    const { output, exit } = await check("-config_dir", folder);
    expect(output).toContain("all rate limit configs ok");
    expect(exit.code).toBe(0);
  });

  test("explains its flags, and ends with 0 when asked for them and with 2 when they are wrong", async () => {
    const { program, output, exit } = await check("-help");
    const usage = `Usage of ${program}:
  -config_dir string
    \tpath to directory containing rate limit configs
  -merge_domain_configs
    \twhether to merge configurations, referencing the same domain
`;
    expect({ output, code: exit.code }).toEqual({ output: usage, code: 0 });
    for (const [args, complaint] of [
      [["-nope"], "flag provided but not defined: -nope"],
      [["-config_dir"], "flag needs an argument: -config_dir"],
      [["-=x"], "bad flag syntax: -=x"],
      [["---x"], "bad flag syntax: ---x"],
      [
        ["-merge_domain_configs=maybe"],
        'invalid boolean value "maybe" for -merge_domain_configs: parse error',
      ],
    ] as const) {
      expect(await check(...args)).toMatchObject({
        output: `${complaint}\n${usage}`,
        exit: { code: 2 },
      });
    }
  });
});

describe("ratelimit_client", () => {
  let gate: TestGate;

  beforeAll(async () => {
    gate = await startGate({
      rules: {
        "rules.yaml":
          'domain: d\ndescriptors:\n  - key: k\n    rate_limit: {unit: year, requests_per_unit: 2, name: "the \\"one\\""}\n  - key: free\n    rate_limit: {unlimited: true}\n',
      },
      settings: { LIMIT_RESPONSE_HEADERS_ENABLED: "true", RESPONSE_DYNAMIC_METADATA: "true" },
    });
  });
  afterAll(() => gate.stop());

  const client = (...args: string[]) => run("ratelimit_client", args);
  const ask = (...args: string[]) => client("-dial_string", `127.0.0.1:${gate.grpcPort}`, ...args);
  const flagsWith = (given: Readonly<Record<string, string>>) =>
    Object.entries({
      descriptors: "",
      dial_string: `127.0.0.1:${gate.grpcPort}`,
      domain: "",
      "grpc-cert-file": "",
      "grpc-key-file": "",
      "grpc-server-ca-file": "",
      "grpc-use-tls": "false",
      "oltp-protocol": "",
      ...given,
    })
      .map(([name, value]) => `Flag: --${name}=${JSON.stringify(value)}\n`)
      .join("");

  test("prints its flags and the answer as protobuf's text, and ends with 0 also when the answer is no", async () => {
    const args = ["-domain", "d", "-descriptors=k=a", "--descriptors", "free=x,y=z"];
    const answers = [await ask(...args), await ask(...args), await ask(...args)];
    const flags = flagsWith({
      domain: "d",
      descriptors: "[ <key=k, value=a> ] [ <key=free, value=x>  <key=y, value=z> ] ",
    });
    const metadata =
      'dynamic_metadata:{fields:{key:"descriptors" value:{list_value:{values:{struct_value:{fields:{key:"entries" value:{list_value:{values:{string_value:"k=a"}}}}}} values:{struct_value:{fields:{key:"entries" value:{list_value:{values:{string_value:"free=x"} values:{string_value:"y=z"}}}}}}}}} fields:{key:"domain" value:{string_value:"d"}} fields:{key:"hitsAddend" value:{number_value:1}}}';
    const limit = 'current_limit:{name:"the \\"one\\"" requests_per_unit:2 unit:YEAR}';
    const answer = (code: string, remaining: number) => {
      const left = remaining === 0 ? "" : ` limit_remaining:${remaining}`;
      const headers = `response_headers_to_add:{key:"RateLimit-Limit" value:"2"} response_headers_to_add:{key:"RateLimit-Remaining" value:"${remaining}"} response_headers_to_add:{key:"RateLimit-Reset" value:"N"}`;
      return `response: overall_code:${code} statuses:{code:${code} ${limit}${left} duration_until_reset:{seconds:N}} statuses:{code:OK} ${headers} ${metadata}\n`;
    };
    const withoutTime = (output: string) =>
      output.replace(/seconds:\d+/g, "seconds:N").replace(/(Reset" value:)"\d+"/, '$1"N"');
    expect(answers.map(({ output, exit }) => [withoutTime(output), exit.code])).toEqual([
      [flags + answer("OK", 1), 0],
      [flags + answer("OK", 0), 0],
      [flags + answer("OVER_LIMIT", 0), 0],
    ]);
  });

  test("ends with 1 and says why when there is no answer", async () => {
    expect(await ask("-domain", "")).toMatchObject({
      output: `${flagsWith({})}request error: rpc error: code = InvalidArgument desc = rate limit domain must not be empty\n`,
      exit: { code: 1 },
    });
    const { output, exit } = await client("-dial_string=127.0.0.1:1", "-domain=d");
    expect(output).toMatch(
      /^request error: rpc error: code = Unavailable desc = .*127\.0\.0\.1:1/m,
    );
    expect(exit.code).toBe(1);
  });

  test.each([["a"], ["a=b=c"], ["a=b,"]])(
    "refuses the descriptor %s, and ends with 2",
    async (text) => {
      const { output, exit } = await ask("-descriptors", text);
      expect(output).toMatch(
        new RegExp(
          `^invalid value "${text}" for flag -descriptors: invalid descriptor list\nUsage of `,
        ),
      );
      expect(output).toContain(
        '  -dial_string string\n    \turl of ratelimit server in <host>:<port> form (default "localhost:8081")\n',
      );
      expect(exit.code).toBe(2);
    },
  );

  test("ends with 2 when a file for TLS is not there, or the protocol of traces is none", async () => {
    const tls = await ask("-grpc-use-tls", "-grpc-server-ca-file", "/absent.crt");
    expect(tls.output).toContain("/absent.crt");
    expect(tls.exit.code).toBe(2);
    const udp = await ask("-oltp-protocol", "udp");
    expect(udp.output).toContain("Invalid otlptrace client protocol: udp");
    expect(udp.exit.code).toBe(2);
  });

  describe("with -oltp-protocol", () => {
    let receiver: OtlpReceiver;

    beforeAll(async () => {
      receiver = await startGrpcReceiver();
    });
    afterAll(() => receiver.stop());

    test("leaves a span of its own", async () => {
      const { exit } = await run(
        "ratelimit_client",
        [
          "-dial_string",
          `127.0.0.1:${gate.grpcPort}`,
          "-domain=d",
          "-descriptors=k=traced",
          "-oltp-protocol=grpc",
        ],
        { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.port}` },
      );
      expect(exit.code).toBe(0);
      expect(receiver.spans).toMatchObject([
        {
          name: "envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit",
          kind: "CLIENT",
          resource: { "service.name": "RateLimitClient" },
          attributes: { "rpc.grpc.status_code": 0 },
        },
      ]);
    });
  });
});

describe("ratelimit", () => {
  test("is the service", async () => {
    const { output, exit } = await run("ratelimit", [], { PORT: "http" });
    expect(output).toContain('PORT: "http" is not accepted');
    expect(exit.code).toBe(2);
  });
});
