import type { EngineOptions } from "../engine.ts";
import type { Admission } from "./admission.ts";
import type { H2Limits } from "./limits.ts";
import type { MessageBudget } from "./messages.ts";
import type { Method } from "./methods.ts";

/** What is served, and within which bounds: the same for all connections of a server. */
export interface Serving {
  /** By path. */
  readonly methods: ReadonlyMap<string, Method>;
  readonly options: EngineOptions;
  readonly limits: H2Limits;
  readonly budget: MessageBudget;
  readonly admission: Admission;
}
