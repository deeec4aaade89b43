import type { DomainRules } from "./compile.ts";
import type { Descriptor } from "./descriptor.ts";
import type { Match } from "./limit.ts";

/** The limit that applies to a descriptor; `undefined` when none does. */
export function matchDescriptor(_rules: DomainRules, _descriptor: Descriptor): Match | undefined {
  throw new Error("being written");
}
