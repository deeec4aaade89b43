import { expect, test } from "@jest/globals";
import { debugRoutes } from "../../../src/http/debug-routes.ts";

const rule = "foo.k1_v1: unit=MINUTE requests_per_unit=3, shadow_mode: false, quota_mode: false\n";
const { byPath, byBeginning, fallback } = debugRoutes({
  rules: () => rule,
  stats: () => "a: 1\nb: 2\n",
});
const get = async (path: string) => (byPath.get(path) ?? fallback).answer(Buffer.alloc(0), {});

test("/rlconfig shows the rules in force", async () => {
  expect(await get("/rlconfig")).toMatchObject({ status: 200, body: rule });
});

test("/stats shows the counts", async () => {
  expect(await get("/stats")).toMatchObject({ status: 200, body: "a: 1\nb: 2\n" });
});

test.each(["/", "/debug", "/unknown"])("%s lists the paths in their order", async (path) => {
  const { status, body } = await get(path);
  expect(status).toBe(200);
  expect(String(body).match(/^\/\w+(?=: )/gm)).toEqual(["/rlconfig", "/stats"]);
});

test("/debug/pprof/ and what is below it are no profiles, and say where one is to be had", async () => {
  const { status, body } =
    (await byBeginning?.get("/debug/pprof/")?.answer(Buffer.alloc(0), {})) ?? {};
  expect(status).toBe(404);
  expect(body).toContain("SIGUSR1");
});
