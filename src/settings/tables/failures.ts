import { failurePolicies } from "../../limits/limit.ts";
import { choice, duration, durationOrNone, integer, text } from "../setting.ts";

/** What is answered when the store cannot be asked. */
export const failures = {
  CALL_DEADLINE: durationOrNone(
    "0s",
    ["1ms", "1h"],
    "How long a call may take at most: what takes longer is answered by FAILURE_POLICY. Callers of gRPC say themselves how long they wait (`grpc-timeout`; Envoy 20 ms unless told otherwise), and the shorter time counts.",
  ),
  CALL_DEADLINE_MARGIN: duration(
    "2ms",
    ["0s", "1s"],
    "How much before its deadline a call is answered when the counters have not answered. A short deadline is halved at most.",
  ),
  FAILURE_POLICY: choice(
    "error",
    failurePolicies,
    "What is answered for a limit while the store cannot be asked: nothing, so that the call fails as it does in the reference (`error`), OK (`allow`), OVER_LIMIT (`deny`), or what this instance counts in memory against its share of the limit (`local`). A rule may have its own: `metadata: { velocitygate: { failure_policy: allow } }`.",
  ),
  FAILURE_HEADER: text(
    "",
    "Response header that says why an answer was made without the store: `timeout`, `unavailable`, `refused`, `overload` or `breaker`. Empty: none.",
    {
      accepted: "the name of an HTTP header, or nothing",
      matches: /^[!#$%&'*+.^_`|~0-9A-Za-z-]{0,128}$/,
    },
  ),
  FAILURE_INSTANCES: integer(
    0,
    [0, 1_000_000],
    "Instances that share each limit while the store cannot be asked (`local`); each of several WORKERS has its part. 0: they count each other through the store, as long as it is there.",
  ),
} as const;
