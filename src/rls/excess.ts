import type { DirectCall, ExcessHandler } from "../grpc/engine.ts";
import type { RequestStats } from "./record.ts";
import { overloaded } from "./status.ts";
import { cursorOver, readLength, readTag, skipField } from "./wire.ts";

/** How calls are answered that are more than can be carried. */
export interface ExcessParts {
  /**
   * The failure policy of every limit in force, where it is the same one and tells nothing more with its answer; `undefined`: each call has to
   * be looked at.
   */
  readonly policyOfAll: () => "error" | "allow" | undefined;
  /** Answers a call, by the policies of its limits, without asking the store. */
  readonly decide: (bytes: Buffer, start: number, end: number, call: DirectCall) => void;
  readonly stats: ExcessStats;
}

export interface ExcessStats extends Pick<RequestStats, "answered" | "callError"> {
  observeCall(method: string, seconds: number): void;
  /** A call was answered without the store, because there were too many. */
  excess(): void;
}

/** RateLimitResponse: `overall_code` OK, and a status with the code OK. */
const overallOk = Buffer.of(0x08, 0x01);
const statusOk = Buffer.of(0x12, 0x02, 0x08, 0x01);
const descriptorsTag = 0x12;

/**
 * The store is not asked: the failure policies of the limits say what is answered. Where all say the same, nothing is decoded for it; else
 * a call takes a good part of what a decision takes, and when that takes too long as well, it ends with an error.
 */
export function createExcessHandler({ policyOfAll, decide, stats }: ExcessParts): ExcessHandler {
  return (bytes, start, end, call, isPressing) => {
    const policy = policyOfAll();
    if (policy === "allow") {
      const descriptors = countDescriptors(bytes, start, end);
      if (descriptors > 0) {
        stats.excess();
        stats.answered("OK");
        stats.observeCall("ShouldRateLimit", 0);
        call.reply(descriptors, overallOk.length + descriptors * statusOk.length, writeOk);
        return;
      }
    }
    if (policy === "error" || isPressing) {
      stats.excess();
      stats.callError("service_error");
      stats.observeCall("ShouldRateLimit", 0);
      call.fail(overloaded);
      return;
    }
    stats.excess();
    decide(bytes, start, end, call);
  };
}

/** How many descriptors a request has; 0 when it is none, which the ordinary road tells better. */
function countDescriptors(bytes: Buffer, start: number, end: number): number {
  const cursor = cursorOver(bytes, start, end);
  let count = 0;
  try {
    while (cursor.at < end) {
      const tag = readTag(cursor, end);
      if (tag === descriptorsTag) {
        const length = readLength(cursor, end);
        cursor.at += length;
        count += 1;
      } else skipField(cursor, end, tag);
    }
  } catch {
    // Not a message: whoever decodes it says why.
    return 0;
  }
  return count;
}

function writeOk(descriptors: number, into: Buffer, start: number): number {
  into.set(overallOk, start);
  let at = start + overallOk.length;
  for (let i = 0; i < descriptors; i++) {
    into.set(statusOk, at);
    at += statusOk.length;
  }
  return at;
}
