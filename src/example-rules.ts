import { fileURLToPath } from "node:url";
import type { RuntimeDirectory } from "./reload/scan.ts";

/** The rules in `envoy/rules`, which a checkout has and an image has not. */
export const exampleRules: RuntimeDirectory = {
  root: fileURLToPath(new URL("../envoy", import.meta.url)),
  subdirectory: "",
  appDirectory: "rules",
  ignoreDotFiles: true,
  watchRoot: false,
};
