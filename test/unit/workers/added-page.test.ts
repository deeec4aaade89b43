import { describe, expect, test } from "@jest/globals";
import { addStatsPages, countersOfStatsPage } from "../../../src/observe/add-stats-pages.ts";
import { AddedPage } from "../../../src/workers/added-page.ts";
import { jsonByWorker } from "../../../src/workers/json-by-worker.ts";
import { WorkerProcess } from "../../../src/workers/worker-process.ts";
import { ScriptedChild } from "../../support/child.ts";
import { ManualTimers } from "../../support/manual-timers.ts";

const ended = { code: 3, signal: undefined };

function workersOf(count: number) {
  const timers = new ManualTimers();
  const children = Array.from({ length: count }, (_, at) => new ScriptedChild(at));
  const workers = children.map((child) => new WorkerProcess(child, timers, () => undefined));
  const [first, second] = children as [ScriptedChild, ScriptedChild];
  return { timers, first, second, pool: { workers } };
}

const questions = ({ told }: ScriptedChild) => told.filter(({ type }) => type === "ask").length;

describe("a page of all workers", () => {
  const pageOf = (pool: { workers: readonly WorkerProcess[] }) => {
    const page = new AddedPage({
      pool,
      about: "stats",
      add: addStatsPages,
      keep: countersOfStatsPage,
    });
    return () => page.read(() => "hits: 1\n");
  };

  test("adds up what each tells, and what the primary itself has counted", async () => {
    const { pool, first, second } = workersOf(2);
    const page = pageOf(pool)();
    first.answers("hits: 10\n");
    second.answers("hits: 100\n");
    expect(await page).toBe("hits: 111\n");
  });

  test("is asked for once by those who read at the same time", async () => {
    const { pool, first, second } = workersOf(2);
    const read = pageOf(pool);
    const pages = [read(), read()];
    first.answers("hits: 10\n");
    second.answers("hits: 100\n");
    expect(await Promise.all(pages)).toEqual(["hits: 111\n", "hits: 111\n"]);
    expect([questions(first), questions(second)]).toEqual([1, 1]);
  });

  test("keeps what a worker had counted when it ended, and forgets what it held", async () => {
    const { pool, first, second } = workersOf(2);
    const read = pageOf(pool);
    const held = "ratelimit.redis_pool.cx_active: 1\n";
    const before = read();
    first.answers(`hits: 10\n${held}`);
    second.answers(`hits: 100\n${held}`);
    expect(await before).toBe("hits: 111\nratelimit.redis_pool.cx_active: 2\n");
    second.end(ended);
    pool.workers = pool.workers.slice(0, 1);
    for (const hits of [11, 12]) {
      const after = read();
      first.answers(`hits: ${hits}\n${held}`);
      expect(await after).toBe(`hits: ${hits + 101}\nratelimit.redis_pool.cx_active: 1\n`);
    }
  });

  test("has what a worker told last when it ends while it is asked, or is late", async () => {
    const { pool, first, second, timers } = workersOf(2);
    const read = pageOf(pool);
    const before = read();
    first.answers("hits: 10\n");
    second.answers("hits: 100\n");
    await before;
    const after = read();
    first.answers("hits: 20\n");
    timers.advance(2_000);
    expect(await after).toBe("hits: 121\n");
    const last = read();
    first.answers("hits: 30\n");
    second.end(ended);
    expect(await last).toBe("hits: 131\n");
  });
});

describe("/json", () => {
  const asText = (body: string | Buffer | undefined) => body?.toString();

  test("is answered by the healthy workers in turn", async () => {
    const { pool, first, second } = workersOf(2);
    first.comesUp();
    second.comesUp();
    const json = jsonByWorker(pool);
    const answers = [json(Buffer.from("a"), {}), json(Buffer.from("b"), {})];
    expect([questions(first), questions(second)]).toEqual([1, 1]);
    second.says({ type: "health", failing: ["store"] });
    answers.push(json(Buffer.from("c"), {}));
    expect([questions(first), questions(second)]).toEqual([2, 1]);
    expect(first.told.at(-1)).toMatchObject({
      question: { about: "json", body: Buffer.from("c") },
    });
    for (const child of [first, second]) {
      for (const message of child.told) {
        if (message.type !== "ask") continue;
        child.says({ type: "answer", id: message.id, answer: { status: 200, body: "done" } });
      }
    }
    expect((await Promise.all(answers)).map(({ body }) => asText(body))).toEqual(
      Array.from({ length: 3 }, () => "done"),
    );
  });

  test("is answered by one that can say why when none is healthy, and by 503 when none is there", async () => {
    const { pool, first } = workersOf(1);
    const json = jsonByWorker(pool);
    expect(await json(Buffer.from("a"), {})).toEqual({ status: 503, body: "no worker answers\n" });
    first.comesUp().says({ type: "health", failing: ["rules"] });
    const answer = json(Buffer.from("a"), {});
    first.answers("no rules");
    expect((await answer).body).toBe("no rules");
  });

  test.each([
    ["ends", ({ first }: ReturnType<typeof workersOf>) => first.end(ended)],
    ["does not answer", ({ timers }: ReturnType<typeof workersOf>) => timers.advance(15_000)],
  ])("is 503 when the worker %s", async (_, happen) => {
    const all = workersOf(1);
    all.first.comesUp();
    const answer = jsonByWorker(all.pool)(Buffer.from("a"), {});
    happen(all);
    expect(await answer).toEqual({ status: 503, body: "no worker answers\n" });
  });
});
