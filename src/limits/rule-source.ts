import type { Place } from "./yaml/node.ts";
import type { PlainValue } from "./yaml/plain-value.ts";

/** What a rule file says, before it is checked whether it makes sense. Filled by `readRules`, in the order of the text. */
export interface RuleFileSource {
  domain: string;
  domainPlace: Place;
  descriptors: RuleSource[];
}

/** One element of `descriptors`. */
export interface RuleSource {
  /** Of the element, and of the values that can be wrong (the element's own when one is absent). */
  readonly place: Place;
  keyPlace: Place;
  shareThresholdPlace: Place;
  metadataPlace: Place;
  key: string;
  /** Empty when the rule is for every value of its key. */
  value: string;
  rateLimit: RateLimitSource | undefined;
  shadowMode: boolean;
  quotaMode: boolean;
  detailedMetric: boolean;
  valueToMetric: boolean;
  shareThreshold: boolean;
  metadata: Map<string, PlainValue> | undefined;
  descriptors: RuleSource[];
}

export interface RateLimitSource {
  unitPlace: Place;
  requestsPerUnit: number;
  unit: string;
  unlimited: boolean;
  name: string;
  replaces: ReplacesSource[];
}

export interface ReplacesSource {
  readonly place: Place;
  name: string;
}

export function emptyRule(place: Place): RuleSource {
  return {
    place,
    keyPlace: place,
    shareThresholdPlace: place,
    metadataPlace: place,
    key: "",
    value: "",
    rateLimit: undefined,
    shadowMode: false,
    quotaMode: false,
    detailedMetric: false,
    valueToMetric: false,
    shareThreshold: false,
    metadata: undefined,
    descriptors: [],
  };
}

export function emptyRateLimit(place: Place): RateLimitSource {
  return {
    unitPlace: place,
    requestsPerUnit: 0,
    unit: "",
    unlimited: false,
    name: "",
    replaces: [],
  };
}
