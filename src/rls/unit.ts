import { RateLimitResponse_RateLimit_Unit as WireUnit } from "../gen/envoy/service/ratelimit/v3/rls.ts";
import { type Unit, units } from "../limits/limit.ts";
import { requestInvalid } from "./bounds.ts";

/** The number of each unit on the wire, the same in `RateLimitResponse.RateLimit.Unit` and, but for WEEK, in `RateLimitUnit`. */
export const wireUnits: Readonly<Record<Unit, WireUnit>> = WireUnit;

const unitsByNumber: readonly (Unit | undefined)[] = Array.from(
  { length: Math.max(...Object.values(WireUnit)) + 1 },
  (_, number) => units.find((unit) => WireUnit[unit] === number),
);

/**
 * The unit of the override that descriptor number `descriptor` brings along. WEEK is accepted although `RateLimitUnit` has no name
 * for it; everything else that is not a unit is refused, for it ends the reference's process.
 */
export function overrideUnit(number: number, descriptor: number): Unit {
  const unit = unitsByNumber[number];
  if (unit !== undefined) return unit;
  const accepted = unitsByNumber.flatMap((name, i) => (name === undefined ? [] : `${i} (${name})`));
  throw requestInvalid(
    `descriptors[${descriptor}].limit.unit is ${number}: accepted are ${accepted.join(", ")}`,
  );
}
