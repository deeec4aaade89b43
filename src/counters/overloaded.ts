import { StoreError } from "../errors.ts";
import type { CounterStore } from "./store.ts";

/** A store of which nothing is asked, since whoever would ask has too much to do. */
export const overloadedStore: CounterStore = {
  incrementAll: refuse,
  admitAll: refuse,
  close: async () => undefined,
};

function refuse(): Promise<never> {
  return Promise.reject(new StoreError("overload", "more calls than can be answered in time"));
}
