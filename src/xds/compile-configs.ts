import { BinaryReader } from "@bufbuild/protobuf/wire";
import { VelocityGateError } from "../errors.ts";
import {
  RateLimitConfig,
  type RateLimitDescriptor,
} from "../gen/ratelimit/config/ratelimit/v3/rls_conf.ts";
import type { LoadOptions } from "../limits/load.ts";
import { RuleAssembly } from "../limits/rule-assembly.ts";
import { type Finding, problemsIn } from "../limits/rule-problem.ts";
import type { RuleSet } from "../limits/rule-set.ts";
import { fieldAt, sourceOf } from "./config-source.ts";

/** More rules in one update are refused; a fleet of rule files may have about as many. */
export const rulesMax = 500_000;

/** An update that was refused. The message tells the first mistake, as the reference does, and goes back to the server. */
export class UpdateRefusedError extends VelocityGateError {
  /** `undefined`: nobody foresaw that it would be refused. */
  readonly accepted: string | undefined;
  /** Where in the resource the first mistake is; `undefined`: the resource itself is wrong. */
  readonly field: string | undefined;
  readonly furtherMistakes: number;

  constructor(message: string, { accepted, field, furtherMistakes, cause }: RefusalDetails) {
    super("RULES_INVALID", message, { cause });
    this.accepted = accepted;
    this.field = field;
    this.furtherMistakes = furtherMistakes ?? 0;
  }
}

export interface RefusalDetails {
  readonly accepted?: string;
  readonly field?: string;
  readonly furtherMistakes?: number;
  readonly cause?: unknown;
}

/**
 * Compiles the resources of one update, in its order. All or none: one mistake refuses the whole update.
 *
 * @param resources each a serialized `RateLimitConfig`
 * @throws UpdateRefusedError
 */
export function compileConfigs(
  resources: readonly Uint8Array[],
  { mergeDomains }: LoadOptions,
): RuleSet {
  const assembly = new RuleAssembly({ mergeDomains, holder: "resource" });
  const mistakes: Mistake[] = [];
  let rulesLeft = rulesMax;
  for (const [index, bytes] of resources.entries()) {
    const config = decode(bytes, `resource ${index + 1}`);
    rulesLeft -= countRules(config.descriptors);
    if (rulesLeft < 0) {
      const accepted = `at most ${rulesMax} in all resources`;
      throw new UpdateRefusedError("too many rules", { accepted });
    }
    const findings: Finding[] = [];
    const name = config.name === "" ? `resource ${index + 1}` : config.name;
    assembly.add(name, sourceOf(config), findings);
    for (const problem of problemsIn(name, findings)) mistakes.push({ ...problem, config });
  }
  const [first] = mistakes;
  if (first === undefined) return assembly.build();
  const { file, text, accepted, config } = first;
  const field = fieldAt(config, first);
  const furtherMistakes = mistakes.length - 1;
  throw new UpdateRefusedError(`${file}: ${text}`, { accepted, field, furtherMistakes });
}

type Mistake = ReturnType<typeof problemsIn>[number] & { readonly config: RateLimitConfig };

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array, which: string): RateLimitConfig {
  try {
    // Text that is not UTF-8 would otherwise be mended, and be another rule than was meant.
    return RateLimitConfig.decode(new BinaryReader(bytes, (text) => strictUtf8.decode(text)));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const accepted = "a serialized ratelimit.config.ratelimit.v3.RateLimitConfig";
    throw new UpdateRefusedError(`${which} cannot be read: ${reason}`, { accepted, cause: error });
  }
}

/** The decoder bounds the depth. */
function countRules(descriptors: readonly RateLimitDescriptor[]): number {
  return descriptors.reduce((sum, one) => sum + 1 + countRules(one.descriptors), 0);
}
