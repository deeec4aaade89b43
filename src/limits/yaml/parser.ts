import { YamlFailure, type YamlNode, type YamlPair } from "./node.ts";
import { Scanner } from "./scanner.ts";
import { TagHandles } from "./tag-handles.ts";
import type { Token, TokenType } from "./token.ts";
import { emptyScalar, failAt, placeOf } from "./token-place.ts";

/**
 * Reads the first document of a YAML 1.1 text as yaml.v2 does, mistakes included, and looks at nothing behind it.
 *
 * @returns `undefined` when there is no document at all.
 * @throws YamlFailure
 */
export function parseYaml(text: string): YamlNode | undefined {
  // A byte order mark that whoever decoded the file left in place.
  const withoutMark = text.startsWith("\uFEFF") ? text.slice(1) : text;
  return new Parser(withoutMark).parseDocument();
}

interface Properties {
  readonly anchor: string | undefined;
  readonly tag: string;
  readonly start: Token;
}

class Parser {
  readonly #scanner: Scanner;
  readonly #anchors = new Map<string, YamlNode>();
  readonly #handles = new TagHandles();

  constructor(text: string) {
    this.#scanner = new Scanner(text);
  }

  parseDocument(): YamlNode | undefined {
    const scanner = this.#scanner;
    const first = scanner.peek();
    if (first.type === "stream-end") return undefined;
    this.#parseDirectives();
    let root: YamlNode;
    if (isOneOf(first.type, ["version-directive", "tag-directive", "document-start"])) {
      const start = scanner.peek();
      if (start.type !== "document-start") failAt(start, "did not find expected <document start>");
      scanner.skip();
      const next = scanner.peek();
      root = isOneOf(next.type, endsDocument) ? emptyScalar(next) : this.#parseNode();
    } else root = this.#parseNode();
    // The document ends where the next token is known: a mistake in that one is still its own.
    scanner.peek();
    return root;
  }

  #parseDirectives(): void {
    const scanner = this.#scanner;
    let hasVersion = false;
    for (let token = scanner.peek(); ; token = scanner.peek()) {
      if (token.type === "version-directive") {
        if (hasVersion) failAt(token, "found duplicate %YAML directive");
        if (token.text !== "1.1") failAt(token, "found incompatible YAML document");
        hasVersion = true;
      } else if (token.type === "tag-directive") {
        this.#handles.declare(token);
      } else break;
      scanner.skip();
    }
  }

  /** @param isInMapping a block sequence may stand here without being indented: as a key or value of a block mapping */
  #parseNode(isInMapping = false): YamlNode {
    const first = this.#scanner.peek();
    if (first.type === "alias") return this.#parseAlias(first);
    const properties = this.#parseProperties(first);
    const token = this.#scanner.peek();
    switch (token.type) {
      case "plain":
      case "quoted":
        this.#scanner.skip();
        return this.#scalar(token, properties);
      case "flow-sequence-start":
        return this.#parseFlowSequence(properties);
      case "flow-mapping-start":
        return this.#parseFlowMapping(properties);
      case "block-sequence-start":
        return this.#parseBlockSequence(properties);
      case "block-mapping-start":
        return this.#parseBlockMapping(properties);
      case "block-entry":
        if (isInMapping) return this.#parseIndentlessSequence(properties);
        break;
      default:
        break;
    }
    const { anchor, tag, start } = properties;
    if (anchor === undefined && tag === "") failAt(token, "did not find expected node content");
    const node = { ...emptyScalar(start), tag, isImplicit: tag === "" };
    this.#anchor(anchor, node);
    return node;
  }

  #parseAlias(token: Token): YamlNode {
    this.#scanner.skip();
    const target = this.#anchors.get(token.text);
    if (target === undefined) {
      throw new YamlFailure(`unknown anchor '${token.text}' referenced`, placeOf(token));
    }
    return { kind: "alias", ...placeOf(token), name: token.text, target };
  }

  /** An anchor and a tag, in either order. */
  #parseProperties(first: Token): Properties {
    let anchor: string | undefined;
    let tag: Token | undefined;
    for (let token = first; ; token = this.#scanner.peek()) {
      if (token.type === "anchor" && anchor === undefined) anchor = token.text;
      else if (token.type === "tag" && tag === undefined) tag = token;
      else break;
      this.#scanner.skip();
    }
    return { anchor, tag: tag === undefined ? "" : this.#handles.longTag(tag), start: first };
  }

  #scalar(token: Token, { anchor, tag, start }: Properties): YamlNode {
    const node: YamlNode = {
      kind: "scalar",
      line: start.line + 1,
      column: start.column + 1,
      tag,
      text: token.text,
      isImplicit: tag === "!" || (tag === "" && token.type === "plain"),
    };
    this.#anchor(anchor, node);
    return node;
  }

  #anchor(name: string | undefined, node: YamlNode): void {
    if (name !== undefined) this.#anchors.set(name, node);
  }

  #parseBlockSequence(properties: Properties): YamlNode {
    return this.#parseSequence(properties, (items) => {
      this.#scanner.skip();
      this.#parseEntries(items, ["block-entry", "block-end"]);
      const token = this.#scanner.peek();
      if (token.type !== "block-end") failAt(token, "did not find expected '-' indicator");
      this.#scanner.skip();
    });
  }

  #parseIndentlessSequence(properties: Properties): YamlNode {
    return this.#parseSequence(properties, (items) => {
      this.#parseEntries(items, ["block-entry", "key", "value", "block-end"]);
    });
  }

  #parseSequence(properties: Properties, parseItems: (items: YamlNode[]) => void): YamlNode {
    const items: YamlNode[] = [];
    const { anchor, start } = properties;
    const node: YamlNode = { kind: "sequence", ...placeOf(start), items };
    this.#anchor(anchor, node);
    parseItems(items);
    return node;
  }

  #parseEntries(items: YamlNode[], endsEntry: readonly TokenType[]): void {
    const scanner = this.#scanner;
    for (let token = scanner.peek(); token.type === "block-entry"; token = scanner.peek()) {
      scanner.skip();
      items.push(this.#parseOptional(endsEntry, token));
    }
  }

  /** A node, or an empty scalar, at `before` or where the next token is, when a token of `ends` comes next. */
  #parseOptional(ends: readonly TokenType[], before?: Token, isInMapping = false): YamlNode {
    const token = this.#scanner.peek();
    return isOneOf(token.type, ends) ? emptyScalar(before ?? token) : this.#parseNode(isInMapping);
  }

  #parseBlockMapping(properties: Properties): YamlNode {
    return this.#parseMapping(properties, (pairs) => {
      const scanner = this.#scanner;
      scanner.skip();
      let token = scanner.peek();
      for (; token.type !== "block-end"; token = scanner.peek()) {
        if (token.type !== "key") failAt(token, "did not find expected key");
        scanner.skip();
        const key = this.#parseOptional(endsBlockPart, token, true);
        pairs.push({ key, value: this.#parseBlockValue() });
      }
      scanner.skip();
    });
  }

  #parseBlockValue(): YamlNode {
    const token = this.#scanner.peek();
    if (token.type !== "value") return emptyScalar(token);
    this.#scanner.skip();
    return this.#parseOptional(endsBlockPart, token, true);
  }

  #parseMapping(properties: Properties, parsePairs: (pairs: YamlPair[]) => void): YamlNode {
    const pairs: YamlPair[] = [];
    const { anchor, start } = properties;
    const node: YamlNode = { kind: "mapping", ...placeOf(start), pairs };
    this.#anchor(anchor, node);
    parsePairs(pairs);
    return node;
  }

  #parseFlowSequence(properties: Properties): YamlNode {
    return this.#parseSequence(properties, (items) => {
      this.#parseFlowItems("flow-sequence-end", "did not find expected ',' or ']'", (token) => {
        if (token.type !== "key") items.push(this.#parseNode());
        else items.push(this.#parseSinglePair(token));
      });
    });
  }

  /** `[key: value]`: a mapping of one pair without braces. */
  #parseSinglePair(start: Token): YamlNode {
    const ends: readonly TokenType[] = ["flow-entry", "flow-sequence-end"];
    const noProperties = { anchor: undefined, tag: "", start };
    return this.#parseMapping(noProperties, (pairs) => {
      const scanner = this.#scanner;
      scanner.skip();
      const token = scanner.peek();
      let key: YamlNode;
      if (isOneOf(token.type, ["value", ...ends])) {
        // As yaml.v2 has it: the token is passed over, whatever it is.
        scanner.skip();
        key = emptyScalar(token);
      } else key = this.#parseNode();
      pairs.push({ key, value: this.#parseFlowValue(ends) });
    });
  }

  #parseFlowMapping(properties: Properties): YamlNode {
    return this.#parseMapping(properties, (pairs) => {
      this.#parseFlowItems("flow-mapping-end", "did not find expected ',' or '}'", (token) => {
        const ends: readonly TokenType[] = ["flow-entry", "flow-mapping-end"];
        if (token.type === "key") {
          this.#scanner.skip();
          const key = this.#parseOptional(["value", ...ends]);
          pairs.push({ key, value: this.#parseFlowValue(ends) });
        } else {
          const key = this.#parseNode();
          pairs.push({ key, value: emptyScalar(this.#scanner.peek()) });
        }
      });
    });
  }

  #parseFlowItems(end: TokenType, problem: string, parseItem: (token: Token) => void): void {
    const scanner = this.#scanner;
    scanner.skip();
    let isFirst = true;
    for (let token = scanner.peek(); token.type !== end; token = scanner.peek()) {
      if (!isFirst) {
        if (token.type !== "flow-entry") failAt(token, problem);
        scanner.skip();
        token = scanner.peek();
        if (token.type === end) break;
      }
      isFirst = false;
      parseItem(token);
    }
    scanner.skip();
  }

  #parseFlowValue(ends: readonly TokenType[]): YamlNode {
    const token = this.#scanner.peek();
    if (token.type !== "value") return emptyScalar(token);
    this.#scanner.skip();
    return this.#parseOptional(ends);
  }
}

const endsDocument: readonly TokenType[] = [
  "version-directive",
  "tag-directive",
  "document-start",
  "document-end",
  "stream-end",
];
const endsBlockPart: readonly TokenType[] = ["key", "value", "block-end"];

function isOneOf(type: TokenType, types: readonly TokenType[]): boolean {
  return types.includes(type);
}
