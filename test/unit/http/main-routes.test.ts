import { describe, expect, test } from "@jest/globals";
import { Health } from "../../../src/health.ts";
import { type MainParts, mainRoutes, prometheusRoutes } from "../../../src/http/main-routes.ts";
import type { HttpAnswer, HttpRoutes } from "../../../src/http/server.ts";

const none = (): readonly string[] => [];

function routes(parts: Partial<MainParts> = {}): HttpRoutes {
  return mainRoutes({
    version: "1.2.3",
    probes: { unhealthy: none, unready: none, unstarted: none },
    json: async (body) => ({ status: 200, contentType: "application/json", body: `got ${body}` }),
    exposition: async () => ({ status: 200, contentType: "text/plain", body: "x 1\n" }),
    ...parts,
  });
}

async function get({ byPath, fallback }: HttpRoutes, path: string, body = ""): Promise<HttpAnswer> {
  return (byPath.get(path) ?? fallback).answer(Buffer.from(body), {});
}

describe("/healthcheck", () => {
  test("is 500 and empty until the store answers, then OK, and follows every change", async () => {
    const health = new Health(["redis"]);
    const main = routes({
      probes: { unhealthy: () => health.failing, unready: none, unstarted: none },
    });
    const answers: HttpAnswer[] = [await get(main, "/healthcheck")];
    for (const holds of [true, false, true]) {
      health.set("redis", holds);
      answers.push(await get(main, "/healthcheck"));
    }
    const failure = { status: 500, body: "" };
    const success = { status: 200, body: "OK" };
    expect(answers).toEqual([failure, success, failure, success]);
  });

  test("needs every part", async () => {
    const health = new Health(["redis", "config"]);
    const main = routes({
      probes: { unhealthy: () => health.failing, unready: none, unstarted: none },
    });
    health.set("config", true);
    expect((await get(main, "/healthcheck")).status).toBe(500);
    health.set("redis", true);
    expect((await get(main, "/healthcheck")).status).toBe(200);
    health.set("config", false);
    expect((await get(main, "/healthcheck")).status).toBe(500);
  });
});

describe("the probes of Kubernetes", () => {
  const failing = (): readonly string[] => ["rules", "drain"];

  test("live answers whatever is wrong", async () => {
    const main = routes({ probes: { unhealthy: failing, unready: failing, unstarted: failing } });
    expect(await get(main, "/healthz/live")).toEqual({ status: 200, body: "OK\n" });
  });

  test("ready and startup ask their own question, and say what does not hold", async () => {
    const unready = routes({ probes: { unhealthy: failing, unready: failing, unstarted: none } });
    expect(await get(unready, "/healthz/ready")).toEqual({
      status: 503,
      body: "not ready: rules, drain\n",
    });
    expect(await get(unready, "/healthz/startup")).toEqual({ status: 200, body: "OK\n" });

    const unstarted = routes({ probes: { unhealthy: none, unready: none, unstarted: failing } });
    expect(await get(unstarted, "/healthz/ready")).toEqual({ status: 200, body: "OK\n" });
    expect((await get(unstarted, "/healthz/startup")).status).toBe(503);
  });
});

test("/json hands the body on and answers as told", async () => {
  expect(await get(routes(), "/json", "{}")).toEqual({
    status: 200,
    contentType: "application/json",
    body: "got {}",
  });
  expect(routes().byPath.get("/json")?.bodyBytesMax).toBe(1024 * 1024);
});

test("metrics stand at Prometheus' and at Spring's path", async () => {
  const exposition = { status: 200, contentType: "text/plain", body: "x 1\n" };
  expect(await get(routes(), "/metrics")).toEqual(exposition);
  expect(await get(routes(), "/actuator/prometheus")).toEqual(exposition);
});

test("/ says what this is and names every path that there is", async () => {
  const main = routes();
  const { status, body } = await get(main, "/");
  expect(status).toBe(200);
  expect(body).toContain("VelocityGate 1.2.3");
  for (const path of main.byPath.keys()) expect(body).toContain(path);
});

test.each(["/nothing", "/json/", "/healthcheck/x", ""])("%j is not found", async (path) => {
  expect(await get(routes(), path)).toEqual({ status: 404, body: "404 page not found\n" });
});

test("a port for scrapers alone has the metrics at the path it was told, and nothing else", async () => {
  const only = prometheusRoutes("/custom", async () => ({ status: 200, body: "x 1\n" }));
  expect((await get(only, "/custom")).body).toBe("x 1\n");
  for (const path of ["/", "/metrics", "/debug/pprof/", "/json"]) {
    expect((await get(only, path)).status).toBe(404);
  }
});
