import { boolean, choice, integer, number, text } from "../setting.ts";

/** How limits are counted and what is answered. */
export const answers = {
  BACKEND_TYPE: choice(
    "",
    ["", "memory", "redis", "memcache"],
    "Where counters live. Unset or empty: `redis` when REDIS_URL is set, otherwise `memory` (the reference: `redis`).",
    {
      accepted: "memory, redis, memcache",
      refusal: (given) => `Invalid setting for BackendType: ${given}`,
    },
  ),
  MEMORY_STORE_MAX_KEYS: integer(
    1_000_000,
    [1, 16_777_216],
    "Counters that the memory store holds at most.",
  ),
  LOCAL_CACHE_SIZE_IN_BYTES: integer(
    0,
    [0, 1_099_511_627_776],
    "Memory for counters that are known to be over their limit, which are then not asked for again. 0: none. Several WORKERS share it out.",
  ),
  CACHE_KEY_PREFIX: text("", "Put before every counter key.", {
    accepted: "at most 256 bytes",
    matches: /^.{0,256}$/su,
  }),
  UNAMBIGUOUS_CACHE_KEYS: boolean(
    false,
    "Counter keys are written so that no two counters can share one: the reference joins domain, keys and values with `_` and escapes nothing. They are not the reference's keys then, and counters begin anew. Instances that share counters have to agree.",
  ),
  NEAR_LIMIT_RATIO: number(0.8, [0, 1], "Share of a limit from which on hits count as near it."),
  EXPIRATION_JITTER_MAX_SECONDS: integer(
    300,
    [-2_147_483_648, 2_147_483_647],
    "Counters live up to this many seconds longer than their window, at random, so that they do not all expire at once; 0 and less: no longer. Unset, windows under a minute get at most their own length more; set, it holds for all.",
  ),
  SHADOW_MODE: boolean(false, "Counts and decides as ever, but answers OK."),
  QUOTA_MODE: boolean(
    false,
    "Makes every limit a quota limit: all must be over for a request to be denied.",
  ),
  LIMIT_RESPONSE_HEADERS_ENABLED: boolean(
    false,
    "Adds limit headers to the response for the user.",
  ),
  LIMIT_LIMIT_HEADER: header("RateLimit-Limit", "Response header for the limit."),
  LIMIT_REMAINING_HEADER: header("RateLimit-Remaining", "Response header for what is left."),
  LIMIT_RESET_HEADER: header("RateLimit-Reset", "Response header for the seconds until reset."),
  LIMIT_REQUEST_HEADERS_ENABLED: boolean(
    false,
    "Adds limit headers to the request for the upstream.",
  ),
  LIMIT_REQUEST_LIMIT_HEADER: header("RateLimit-Limit", "Request header for the limit."),
  LIMIT_REQUEST_REMAINING_HEADER: header("RateLimit-Remaining", "Request header for what is left."),
  LIMIT_REQUEST_RESET_HEADER: header(
    "RateLimit-Reset",
    "Request header for the seconds until reset.",
  ),
  RESPONSE_DYNAMIC_METADATA: boolean(false, "Adds dynamic metadata to the answer."),
  STOP_CACHE_KEY_INCREMENT_WHEN_OVERLIMIT: boolean(
    false,
    "Counts nothing of a request that is denied, and of one that passes nothing that exceeds a limit (see «Counting only what is admitted»).",
  ),
  USE_CALENDAR_MONTH_RATE_LIMIT: boolean(
    false,
    "A month is a month of the calendar, in UTC, instead of 30 days counted from 1970 on. Years stay blocks of 365 days. Instances that share counters have to agree.",
  ),
} as const;

function header(value: string, meaning: string) {
  return text(value, meaning, {
    accepted: "the name of an HTTP header",
    matches: /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/,
  });
}
