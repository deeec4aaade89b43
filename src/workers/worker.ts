import { Closers } from "../closers.ts";
import { type Core, openCore } from "../core.ts";
import { VelocityGateError } from "../errors.ts";
import type { AcceptedConnections } from "../grpc/engine.ts";
import { startGrpc } from "../grpc-listener.ts";
import type { HttpAnswer } from "../http/server.ts";
import { createCompiler } from "../open-rules.ts";
import { openTracing } from "../open-tracing.ts";
import type { Settings } from "../settings.ts";
import type { TlsUse } from "../tls/tls-files.ts";
import type { World } from "../world.ts";
import { GivenRules } from "./given-rules.ts";
import { givenTls } from "./given-tls.ts";
import type { FromWorker, Question, ToWorker } from "./messages.ts";

/** The way to the primary. */
export interface Primary extends AcceptedConnections {
  /** Resolves when the message is on its way. */
  tell(message: FromWorker): Promise<void>;
  /** Hears all messages but connections. */
  onMessage(listener: (message: ToWorker) => void): void;
}

/**
 * One of several processes: serves the connections that the primary gives it, by rules that the primary gives it, and answers what
 * the primary asks.
 *
 * @returns the exit code, when it is over: 0 after an orderly end, 1 when the counters could not be reached, which the primary was
 *   told
 */
export async function runWorker(
  settings: Settings,
  world: World,
  primary: Primary,
): Promise<0 | 1> {
  const closers = new Closers();
  /** When calls in flight have to be over, and what is told of them with them. */
  let graceEndsMs = 0;
  const graceMs = () => Math.max(0, graceEndsMs - performance.now());
  const givingTls = givenTls(primary, Object.keys(settings.tls) as TlsUse[]);
  const tracing = await openTracing(settings, world.log, closers, graceMs);
  const compile = await createCompiler(settings.rules);
  const rules = new GivenRules(compile, (loaded) => core.rulesLoaded(loaded));
  const tls = await givingTls;
  const core = openCore(settings, { ...world, tracing, tls }, rules, closers);
  const grpc = await startGrpc(settings, { ...core, log: world.log, tls, address: primary });
  closers.add(() => grpc.drain(graceMs()));

  const drained = new Promise<void>((resolve) => {
    primary.onMessage((message) => {
      if (message.type === "rules") rules.put(message.documents);
      else if (message.type === "retire") core.beginStop();
      else if (message.type === "drain") resolve();
      else if (message.type === "ask" || message.type === "pulse")
        void reply(message, core, primary);
    });
  });
  const tellHealth = () => primary.tell({ type: "health", failing: core.health.failing });
  core.health.onChange(() => void tellHealth());
  await primary.tell({ type: "started", counters: core.counters });
  await tellHealth();

  try {
    await Promise.race([drained, failureOf(core.working)]);
  } catch (error) {
    if (!(error instanceof VelocityGateError)) throw error;
    await primary.tell({ type: "unreachable", text: error.message });
    return 1;
  }
  core.beginStop();
  graceEndsMs = performance.now() + settings.shutdownGraceMs;
  await closers.close();
  return 0;
}

async function reply(
  message: Extract<ToWorker, { type: "ask" | "pulse" }>,
  core: Core,
  primary: Primary,
): Promise<void> {
  if (message.type === "pulse") return primary.tell({ type: "pulse" });
  const answer = await answerTo(message.question, core);
  return primary.tell({ type: "answer", id: message.id, answer });
}

async function answerTo(question: Question, { metrics, json }: Core): Promise<HttpAnswer> {
  switch (question.about) {
    case "metrics":
      return metrics.expose();
    case "stats":
      return { status: 200, body: metrics.stats() };
    case "gauges":
      return { status: 200, body: metrics.gauges() };
    case "json":
      return json(question.body, question.headers);
  }
}

/** Rejects as `working` does, and never resolves. */
function failureOf(working: Promise<void>): Promise<never> {
  return new Promise((_, reject) => {
    working.catch(reject);
  });
}
