// The load generator as a process of its own, so that its work is not counted as anyone else's. It runs one load after the other.
import { runLoad } from "./run.ts";
import type { LoadSpec } from "./spec.ts";

process.on("message", (spec: LoadSpec) => {
  runLoad(spec).then(
    (result) => process.send?.({ result }),
    (error: Error) => process.send?.({ error: error.message }),
  );
});
process.on("disconnect", () => process.exit(0));
process.send?.("ready");
