import type { AlgorithmName } from "../limits/limit.ts";
import type { Algorithm } from "./algorithm.ts";
import { fixedWindow } from "./fixed-window.ts";

/** A new algorithm is a new file and a line here (and its name in `limits/limit.ts`). */
export const algorithms: Readonly<Record<AlgorithmName, Algorithm>> = {
  fixed_window: fixedWindow,
};
