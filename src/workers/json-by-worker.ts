import type { JsonHandler } from "../http/main-routes.ts";
import type { HttpAnswer } from "../http/server.ts";
import type { WorkerPool } from "./pool.ts";

/** Longer than any counter store is waited for. */
const patienceMs = 15_000;

/** Lets the workers answer `/json` in turn: those that are healthy, or when none is, those that can say why. */
export function jsonByWorker(pool: Pick<WorkerPool, "workers">): JsonHandler {
  let turn = 0;
  return async (body) => {
    const started = pool.workers.filter(({ hasStarted }) => hasStarted);
    const healthy = started.filter(({ failing }) => failing.length === 0);
    const able = healthy.length > 0 ? healthy : started;
    turn = (turn + 1) % Math.max(1, able.length);
    try {
      return (await able[turn]?.ask({ about: "json", body }, patienceMs)) ?? unavailable;
    } catch {
      return unavailable;
    }
  };
}

const unavailable: HttpAnswer = { status: 503, body: "no worker answers\n" };
