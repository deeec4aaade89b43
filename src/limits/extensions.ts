import { type FailurePolicy, failurePolicies, type JsonObject, type JsonValue } from "./limit.ts";

/** What a rule says to VelocityGate alone: under this name in its metadata, where the reference takes it for the operator's own. */
const ours = "velocitygate";

/** The keys that are known there. */
export const extensionKeys: readonly string[] = ["failure_policy"];

/** Of what is wrong only the first is told. */
export interface Extensions {
  /** `undefined`: that of the service. */
  readonly failurePolicy: FailurePolicy | undefined;
  readonly problem: { readonly text: string; readonly accepted: string } | undefined;
}

const none: Extensions = { failurePolicy: undefined, problem: undefined };

/** Reads `metadata: { velocitygate: { failure_policy: allow } }`. */
export function extensionsOf(metadata: JsonObject | undefined): Extensions {
  const extensions = metadata && Object.hasOwn(metadata, ours) ? metadata[ours] : undefined;
  if (extensions === undefined || extensions === null) return none;
  if (!isObject(extensions)) {
    return wrong({
      text: "metadata of velocitygate is not a map",
      accepted: "velocitygate: { failure_policy: … }",
    });
  }
  const unknown = Object.keys(extensions).find((name) => !extensionKeys.includes(name));
  if (unknown !== undefined) {
    return wrong({
      text: `metadata of velocitygate has an unknown key '${unknown}'`,
      accepted: extensionKeys.join(", "),
    });
  }
  const { failure_policy: given } = extensions;
  if (given === undefined || given === null) return none;
  const failurePolicy = failurePolicies.find((policy) => policy === given);
  if (failurePolicy !== undefined) return { failurePolicy, problem: undefined };
  return wrong({
    text:
      typeof given === "string" ? `invalid failure_policy '${given}'` : "invalid failure_policy",
    accepted: `one of ${failurePolicies.join(", ")}`,
  });
}

function wrong(problem: Extensions["problem"]): Extensions {
  return { failurePolicy: undefined, problem };
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
