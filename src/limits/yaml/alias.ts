import { YamlFailure, type YamlNode, type YamlScalar } from "./node.ts";
import { tags } from "./resolve-scalar.ts";

/** Aliases can nest deeper than any text. Far more than rules need, far less than exhausts the stack. */
const depthMax = 1000;

/** How many nodes a walk has met, and through which aliases: bounds what a few lines of anchors can grow into. */
export class Visits {
  readonly #open = new Set<YamlNode>();
  #count = 0;
  #aliasDepth = 0;
  #throughAliases = 0;
  #depth = 0;

  /** @throws YamlFailure when an anchor contains itself, or aliases make up far more of the document than its own text. */
  enter(node: YamlNode): void {
    this.#count += 1;
    this.#depth += 1;
    if (this.#depth > depthMax) {
      throw new YamlFailure(`exceeded max depth of ${depthMax}`, node);
    }
    if (this.#aliasDepth > 0) this.#throughAliases += 1;
    if (
      this.#throughAliases > 100 &&
      this.#count > 1000 &&
      this.#throughAliases / this.#count > allowedAliasRatio(this.#count)
    ) {
      throw new YamlFailure("document contains excessive aliasing", node);
    }
    if (node.kind !== "alias") return;
    if (this.#open.has(node)) {
      throw new YamlFailure(`anchor '${node.name}' value contains itself`, node);
    }
    this.#open.add(node);
    this.#aliasDepth += 1;
  }

  leave(node: YamlNode): void {
    this.#depth -= 1;
    if (node.kind !== "alias") return;
    this.#open.delete(node);
    this.#aliasDepth -= 1;
  }
}

/** yaml.v2's bound: nearly everything may come from aliases in a small document, a tenth in one of millions of nodes. */
function allowedAliasRatio(count: number): number {
  const [low, high] = [400_000, 4_000_000];
  if (count <= low) return 0.99;
  if (count >= high) return 0.1;
  return 0.99 - (0.89 * (count - low)) / (high - low);
}

/** Only a plain `<<` merges, a quoted one is a key like any other. */
export function isMergeKey(node: YamlNode): node is YamlScalar {
  return (
    node.kind === "scalar" && node.text === "<<" && (node.isImplicit || node.tag === tags.merge)
  );
}

/**
 * The mappings that a `<<` names, in the order in which they are to be taken: of a list the last first, so that earlier ones win.
 *
 * @throws YamlFailure when it names anything else.
 */
export function mergedMappings(value: YamlNode): readonly YamlNode[] {
  const named = value.kind === "sequence" ? value.items.toReversed() : [value];
  for (const node of named) {
    if (targetOf(node).kind !== "mapping") {
      throw new YamlFailure("map merge requires map or sequence of maps as the value", node);
    }
  }
  return named;
}

/** The node itself, or the one that an alias stands for. */
export function targetOf(node: YamlNode): YamlNode {
  return node.kind === "alias" ? targetOf(node.target) : node;
}
