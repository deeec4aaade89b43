import { expect, test } from "@jest/globals";
import { addStatsPages, countersOfStatsPage } from "../../../src/observe/add-stats-pages.ts";

test("statistics pages of several processes are added up line by line, in the order of the names", () => {
  const one = "ratelimit.service.rate_limit.d: e.f.total_hits: 2\nz: 1\n";
  const other = "a: 4\nratelimit.service.rate_limit.d: e.f.total_hits: 3\n";
  expect(addStatsPages([one, "", other])).toBe(
    "a: 4\nratelimit.service.rate_limit.d: e.f.total_hits: 5\nz: 1\n",
  );
});

test("loads of rules, which all processes share, count once", () => {
  const pages = [3, 2, 1].map((loads) => `ratelimit.service.config_load_success: ${loads}\n`);
  expect(addStatsPages(pages)).toBe("ratelimit.service.config_load_success: 3\n");
});

test("of a process that has ended its counts are kept, not what it held", () => {
  const kept = "ratelimit.redis_pool.cx_total: 5\nratelimit.service.rate_limit.d.k.total_hits: 9\n";
  const page = `ratelimit.localcache.entryCount: 3\nratelimit.redis_pool.cx_active: 1\n${kept}ratelimit.service.config_load_error: 1\n`;
  expect(countersOfStatsPage(page)).toBe(kept);
});
