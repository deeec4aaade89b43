/** How the figures of several processes of one service become one. */
export type Way = "sum" | "max" | "min";

/** What is not summed: what all have in common, and what hurts where it is worst. Begins of names; the first that fits counts. */
const otherWays: readonly (readonly [begin: string, way: Way])[] = [
  ["nodejs_eventloop_lag_min_", "min"],
  ["nodejs_eventloop_lag_", "max"],
  ["nodejs_version_info", "max"],
  ["process_start_time_seconds", "min"],
  ["velocitygate_build_info", "max"],
  ["velocitygate_event_loop_", "max"],
  ["velocitygate_instances", "max"],
  ["velocitygate_store_clock_offset_", "max"],
  ["velocitygate_rules_limits", "max"],
  // Whoever loaded them first tells when; whoever knows of a refusal tells that.
  ["velocitygate_rules_last_load_", "min"],
  // The primary counts all of them, a worker those that it was given.
  ["ratelimit_service_config_load_", "max"],
  ["ratelimit.service.config_load_", "max"],
  ["runtime_", "max"],
  ["runtime.", "max"],
];

/** How samples of that metric, or line of the statistics page, are put together. */
export function wayOf(name: string): Way {
  return otherWays.find(([begin]) => name.startsWith(begin))?.[1] ?? "sum";
}

/** Two figures as one; what is not a number counts where there is nothing else. */
export function combine(way: Way, a: number, b: number): number {
  if (way === "sum") return a + b;
  if (Number.isNaN(a)) return b;
  if (Number.isNaN(b)) return a;
  return way === "max" ? Math.max(a, b) : Math.min(a, b);
}
