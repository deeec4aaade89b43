import { Gauge, type Registry } from "prom-client";
import type { CallDurations } from "./call-histograms.ts";
import type { EventLoopMonitor } from "./event-loop.ts";
import { registerCounter, registerGauge, registerLabelledCounter } from "./readings.ts";
import type { ServiceCounts } from "./service-counts.ts";

/** Registers what every instance has, by our own names. */
export function registerServiceMetrics(
  registry: Registry,
  version: string,
  eventLoop: EventLoopMonitor,
  counts: ServiceCounts,
): void {
  registerRuleMetrics(registry, counts);
  registerEventLoopMetrics(registry, eventLoop);
  registerLabelledCounter(registry, {
    name: "velocitygate_requests_total",
    help: "Requests by their answer: OK, OVER_LIMIT or ERROR.",
    label: "code",
    read: () => Object.entries(counts.answers),
  });
  registerCounter(registry, {
    name: "velocitygate_excess_requests_total",
    help: "Requests that were answered by their failure policy, because there were more than could be carried.",
    read: () => counts.excess,
  });
  new Gauge({
    name: "velocitygate_build_info",
    help: "1, with the versions as labels.",
    labelNames: ["version", "node"],
    registers: [registry],
  }).set({ version, node: process.version }, 1);
}

/** Registers what every instance has, by the names of the reference's built-in mapping. */
export function registerReferenceMetrics(
  registry: Registry,
  counts: ServiceCounts,
  calls: CallDurations,
): void {
  registerLabelledCounter(registry, {
    name: "ratelimit_service_should_rate_limit_error",
    help: "Requests that ended with an error: the store's, or another.",
    label: "err_type",
    read: () => [
      ["redis_error", counts.redisErrors],
      ["service_error", counts.serviceErrors],
    ],
  });
  registerLabelledCounter(registry, {
    name: "ratelimit_service_total_requests",
    help: "Calls by gRPC method.",
    label: "grpc_method",
    read: () => calls.counts(),
  });
  registerCounter(registry, {
    name: "ratelimit_service_config_load_success",
    help: "How often rules were loaded.",
    read: () => counts.rulesLoads,
  });
  registerCounter(registry, {
    name: "ratelimit_service_config_load_error",
    help: "How often rules were refused.",
    read: () => counts.rulesRefusals,
  });
  registerCounter(registry, {
    name: "ratelimit_service_global_shadow_mode",
    help: "Denials that the global shadow mode turned into OK.",
    read: () => counts.globalShadowMode,
  });
  registerCounter(registry, {
    name: "runtime_load_attempts",
    help: "How often rules were read, to be loaded or refused.",
    read: () => counts.rulesLoads + counts.rulesRefusals,
  });
  registerGauge(registry, {
    name: "runtime_num_values",
    help: "Files of the rules in force.",
    read: () => counts.rulesFiles,
  });
}

function registerRuleMetrics(registry: Registry, counts: ServiceCounts): void {
  registerGauge(registry, {
    name: "velocitygate_rules_limits",
    help: "Limits in force.",
    read: () => counts.rulesLimits,
  });
  registerGauge(registry, {
    name: "velocitygate_rules_last_load_timestamp_seconds",
    help: "When the rules in force were loaded.",
    read: () => counts.rulesLoadedSeconds,
  });
  registerGauge(registry, {
    name: "velocitygate_rules_last_load_successful",
    help: "1 when the rules that came last are those in force, 0 when they were refused.",
    read: () => (counts.isLastLoadGood === undefined ? undefined : Number(counts.isLastLoadGood)),
  });
}

function registerEventLoopMetrics(registry: Registry, eventLoop: EventLoopMonitor): void {
  const over = "over the last ten seconds or more";
  registerGauge(registry, {
    name: "velocitygate_event_loop_delay_p50_seconds",
    help: `How late half of the timers ran, ${over}.`,
    read: () => eventLoop.read().delayP50Seconds,
  });
  registerGauge(registry, {
    name: "velocitygate_event_loop_delay_p99_seconds",
    help: `How late one timer of a hundred ran, ${over}.`,
    read: () => eventLoop.read().delayP99Seconds,
  });
  registerGauge(registry, {
    name: "velocitygate_event_loop_delay_max_seconds",
    help: `How late the latest timer ran, ${over}.`,
    read: () => eventLoop.read().delayMaxSeconds,
  });
  registerGauge(registry, {
    name: "velocitygate_event_loop_utilization_ratio",
    help: `How much of the time the event loop was busy, ${over}.`,
    read: () => eventLoop.read().utilization,
  });
}
