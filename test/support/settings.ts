import { VelocityGateError } from "../../src/errors.ts";
import type { Environment } from "../../src/settings/values.ts";
import { readSettings } from "../../src/settings.ts";

/** The lines that refuse an environment, without the heading; fails when it is accepted. */
export function mistakesOf(env: Environment): readonly string[] {
  try {
    readSettings(env);
  } catch (error) {
    if (!(error instanceof VelocityGateError) || error.code !== "SETTINGS_INVALID") throw error;
    return error.message
      .split("\n")
      .slice(1)
      .map((line) => line.trim());
  }
  throw new Error("these settings were accepted");
}
