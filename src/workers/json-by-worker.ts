import type { JsonHandler } from "../http/main-routes.ts";
import type { HttpAnswer, HttpHeaders } from "../http/server.ts";
import type { WorkerPool } from "./pool.ts";

/** Longer than any counter store is waited for. */
const patienceMs = 15_000;

/**
 * Lets the workers answer `/json` in turn: those that are healthy, or when none is, those that can say why.
 *
 * @param headersOf what a worker needs to know of a call's headers
 */
export function jsonByWorker(
  pool: Pick<WorkerPool, "workers">,
  headersOf: (headers: HttpHeaders) => HttpHeaders = () => ({}),
): JsonHandler {
  let turn = 0;
  return async (body, headers) => {
    const started = pool.workers.filter(({ hasStarted }) => hasStarted);
    const healthy = started.filter(({ failing }) => failing.length === 0);
    const able = healthy.length > 0 ? healthy : started;
    turn = (turn + 1) % Math.max(1, able.length);
    const question = { about: "json", body, headers: headersOf(headers) } as const;
    try {
      return (await able[turn]?.ask(question, patienceMs)) ?? unavailable;
    } catch {
      return unavailable;
    }
  };
}

const unavailable: HttpAnswer = { status: 503, body: "no worker answers\n" };
