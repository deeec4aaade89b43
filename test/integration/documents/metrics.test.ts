import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { cleanupAfterAll } from "../../support/cleanup.ts";
import { knownToCode } from "../../support/compatibility/known.ts";
import { eventually } from "../../support/eventually.ts";
import { get } from "../../support/http-client.ts";
import {
  describedBy,
  differences,
  documentedMetrics,
  namesIn,
} from "../../support/metrics-document.ts";
import { startHttpReceiver } from "../../support/otlp-receiver.ts";
import { type Family, parseExposition } from "../../support/parse-exposition.ts";
import { type AppOptions, startInProcess } from "../../support/running-app.ts";
import { sharedRedis, uniquePrefix } from "../../support/shared-redis.ts";
import { startGate } from "../../support/velocitygate.ts";

const cleanup = cleanupAfterAll();
const document = readFileSync(join(import.meta.dirname, "../../../docs/metrics.md"), "utf8");
const tls = join(import.meta.dirname, "../../support/tls");

const rules = {
  "rules.yaml": `domain: d
descriptors:
  - key: k
    rate_limit: { unit: day, requests_per_unit: 1 }
    descriptors: [{ key: l, rate_limit: { unit: second, requests_per_unit: 1 } }]
`,
};

/** Hits that come over HTTP, whatever the gRPC port asks of its clients. */
function bodyOf(domain: string, more: object = {}): string {
  const entries = [{ key: "k", value: "v" }];
  return JSON.stringify({ domain, descriptors: [{ entries, ...more }] });
}

async function scrapeOf(port: number): Promise<ReadonlyMap<string, Family>> {
  const post = (body: string) => get(port, "/json", { method: "POST", body });
  for (let i = 0; i < 3; i++) await post(bodyOf("d"));
  await post(bodyOf("d", { isNegativeHits: true, hitsAddend: 1 }));
  await post(bodyOf("nowhere"));
  return parseExposition((await get(port, "/metrics")).body);
}

async function start(settings: AppOptions["settings"]): Promise<ReadonlyMap<string, Family>> {
  const app = await cleanup.add(startInProcess({ rules, settings: settings ?? {} }));
  if (Object.keys(settings ?? {}).length === 0) await app.ask("k=v,l=w");
  return scrapeOf(app.app.httpPort);
}

async function startWorkers(): Promise<ReadonlyMap<string, Family>> {
  const { host, port } = sharedRedis().single;
  const gate = await cleanup.add(
    startGate({
      rules,
      settings: { REDIS_URL: `${host}:${port}`, BACKEND_TYPE: "redis", WORKERS: "2" },
    }),
  );
  await eventually(async () => (await get(gate.httpPort, "/healthcheck")).status === 200);
  return scrapeOf(gate.httpPort);
}

describe("docs/metrics.md", () => {
  test("has every metric that the service shows, with its type and its labels, and no other", async () => {
    const { host, port } = sharedRedis().single;
    const redis = `${host}:${port}`;
    const spans = await cleanup.add(startHttpReceiver());
    const scrapes = [
      await start({}),
      await start({
        REDIS_URL: redis,
        REDIS_PERSECOND: "true",
        REDIS_PERSECOND_URL: redis,
        CACHE_KEY_PREFIX: uniquePrefix(),
        CLOCK_OFFSET_MAX: "1s",
        LOCAL_CACHE_SIZE_IN_BYTES: "100000",
        STATSD_HOST: "127.0.0.1",
        STATSD_PROTOCOL: "udp",
        TRACING_ENABLED: "true",
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${spans.port}`,
        GRPC_SERVER_USE_TLS: "true",
        GRPC_SERVER_TLS_CERT: join(tls, "server.crt"),
        GRPC_SERVER_TLS_KEY: join(tls, "server.key"),
        GRPC_CLIENT_TLS_CACERT: join(tls, "ca.crt"),
      }),
      await start({
        CONFIG_TYPE: "GRPC_XDS_SOTW",
        CONFIG_GRPC_XDS_SERVER_URL: "127.0.0.1:1",
        FORCE_START_WITHOUT_INITIAL_CONFIG: "true",
      }),
      await start({
        BACKEND_TYPE: "memcache",
        MEMCACHE_HOST_PORT: sharedRedis()
          .memcached.map(({ host, port }) => `${host}:${port}`)
          .join(","),
      }),
      await startWorkers(),
    ];
    expect(differences(documentedMetrics(document), describedBy(scrapes))).toEqual([]);
  }, 60_000);

  test("has every metric that the code names, switched on above or not", () => {
    const { F: names = [] } = knownToCode().named;
    expect([...names].filter((name) => !document.includes(name))).toEqual([]);
  });

  test("tells to alert on metrics that there are", () => {
    const [, alerts = ""] = /## What to alert on\n([\s\S]*?)\n## /.exec(document) ?? [];
    const names = [...namesIn(alerts)].map((name) => name.replace(/_(?:bucket|count|sum)$/, ""));
    const documented = documentedMetrics(document);
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !documented.has(name))).toEqual([]);
  });
});

describe("a page is found wrong", () => {
  const page = (...rows: string[]) =>
    documentedMetrics(
      ["| Metric | Type | Labels | Meaning |", "|---|---|---|---|", ...rows].join("\n"),
    );
  const shown = describedBy([
    parseExposition('# HELP a_b A.\n# TYPE a_b counter\na_b{x="1"} 1\n'),
    parseExposition("# HELP none N.\n# TYPE none gauge\n"),
  ]);
  const none = "| `none` | gauge | `any` | M. |";

  test.each<[string, readonly string[], readonly string[]]>([
    ["not when it is right", ["| `a_b` | counter | `x` | M. |", none], []],
    ["not for a name with a place for any text", ["| `a_<key>` | counter | `x` | M. |", none], []],
    ["for a metric that is missing", [none], ["a_b is not in docs/metrics.md"]],
    ["for another type", ["| `a_b` | gauge | `x` | M. |", none], ["a_b is a counter, not a gauge"]],
    ["for other labels", ["| `a_b` | counter | `y` | M. |", none], ["a_b has the labels x, not y"]],
    ["for no labels", ["| `a_b` | counter | | M. |", none], ["a_b has the labels x, not "]],
    [
      "for a metric that nobody has seen",
      ["| `a_b`, `c` | counter | `x` | M. |", none],
      ["no scrape shows c"],
    ],
  ])("%s", (_, rows, lines) => {
    expect(differences(page(...rows), shown)).toEqual(lines);
  });
});
