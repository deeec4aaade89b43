import { type StoreFailure, storeFailures } from "../errors.ts";
import { type FailurePolicy, failurePolicies } from "../limits/limit.ts";
import type { Metrics } from "./metrics.ts";

/** Counts what was decided without the store. */
export interface FailureCounts {
  /** One limit of a request. */
  withoutStore(reason: StoreFailure, policy: FailurePolicy): void;
}

/** Shows it from the start on, so that its growth can be seen. */
export function watchFailures(metrics: Metrics): FailureCounts {
  const rows = storeFailures.flatMap((reason) =>
    failurePolicies.map((policy) => ({ labels: { reason, policy }, count: 0 })),
  );
  metrics.series({
    name: "velocitygate_decisions_without_store_total",
    help: "Limits of requests that the store could not be asked about, by why and by the policy that stood in; error: the call failed.",
    kind: "counter",
    labels: ["reason", "policy"],
    read: () => rows.map(({ labels, count }) => [labels, count] as const),
  });
  return {
    withoutStore(reason, policy) {
      const place =
        storeFailures.indexOf(reason) * failurePolicies.length + failurePolicies.indexOf(policy);
      const row = rows[place];
      if (row !== undefined) row.count += 1;
    },
  };
}

/** Shows among how many processes the limits of `local` are shared out. */
export function watchInstances(metrics: Metrics, read: () => number): void {
  metrics.gauge({
    name: "velocitygate_instances",
    help: "Processes among which a limit is shared out while the store cannot be asked, as this one sees it.",
    read,
  });
}
