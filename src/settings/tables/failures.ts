import { failurePolicies } from "../../limits/limit.ts";
import { choice, integer, text } from "../setting.ts";

/** What is answered when the store cannot be asked. */
export const failures = {
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
