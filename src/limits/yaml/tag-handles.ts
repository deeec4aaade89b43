import type { Token } from "./token.ts";
import { failAt } from "./token-place.ts";

const usual: ReadonlyMap<string, string> = new Map([
  ["!", "!"],
  ["!!", "tag:yaml.org,2002:"],
]);

/** What the handles of tags (`!!` in `!!str`) stand for in a document. */
export class TagHandles {
  readonly #declared = new Map<string, string>();

  /** Takes a `%TAG` directive. @throws YamlFailure when its handle was declared before. */
  declare(token: Token): void {
    if (this.#declared.has(token.text)) failAt(token, "found duplicate %TAG directive");
    this.#declared.set(token.text, token.suffix);
  }

  /** The whole tag. @throws YamlFailure when its handle stands for nothing. */
  longTag(token: Token): string {
    if (token.text === "") return token.suffix;
    const prefix = this.#declared.get(token.text) ?? usual.get(token.text);
    if (prefix === undefined) failAt(token, "found undefined tag handle");
    return prefix + token.suffix;
  }
}
