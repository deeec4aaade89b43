import {
  type Alias,
  Composer,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  Parser,
  type YAMLError,
} from "yaml";
import { YamlFailure, type YamlNode, type YamlPair } from "./yaml-node.ts";

/**
 * Reads the first document of a YAML text, as the reference does; what comes after it is not looked at.
 *
 * @returns `undefined` when there is no document at all.
 * @throws YamlFailure with go-yaml's text where the mistake is a known one, else with the parser's own.
 */
export function parseYaml(text: string): YamlNode | undefined {
  const document = firstDocument(text);
  if (document === undefined) return undefined;
  const error = document.errors[0];
  if (error !== undefined) throw syntaxFailure(error);
  return document.contents === null ? undefined : new NodeReader().read(document.contents);
}

function firstDocument(text: string): Document.Parsed | undefined {
  // Of the schema only the text of scalars is wanted: `resolve-scalar.ts` knows what yaml.v2 makes of it.
  const composer = new Composer({
    schema: "failsafe",
    version: "1.1",
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "silent",
  });
  const parser = new Parser();
  for (const token of parser.parse(text)) {
    for (const document of composer.next(token)) return document as Document.Parsed;
  }
  for (const document of composer.end(false, text.length)) return document as Document.Parsed;
  return undefined;
}

function syntaxFailure(error: YAMLError): YamlFailure {
  return new YamlFailure(`yaml: ${firstLine(error.message)}`, error.pos[0]);
}

function firstLine(text: string): string {
  const end = text.indexOf("\n");
  return end < 0 ? text : text.slice(0, end);
}

/** Turns the parser's nodes into ours. An alias is bound to the latest node above it that bears the anchor. */
class NodeReader {
  readonly #anchors = new Map<string, YamlNode>();

  read(node: unknown): YamlNode {
    if (isAlias(node)) return this.#readAlias(node);
    const offset = offsetOf(node);
    if (isScalar(node)) {
      const scalar: YamlNode = {
        kind: "scalar",
        offset,
        tag: node.tag ?? "",
        text: node.source ?? String(node.value ?? ""),
        isPlain: node.type === "PLAIN",
      };
      this.#anchor(node.anchor, scalar);
      return scalar;
    }
    if (!isCollection(node)) return { kind: "scalar", offset, tag: "", text: "", isPlain: true };
    const tag = node.tag ?? "";
    if (isMap(node)) {
      const pairs: YamlPair[] = [];
      const mapping: YamlNode = { kind: "mapping", offset, tag, pairs };
      this.#anchor(node.anchor, mapping);
      for (const { key, value } of node.items) {
        pairs.push({ key: this.read(key), value: this.read(value) });
      }
      return mapping;
    }
    const items: YamlNode[] = [];
    const sequence: YamlNode = { kind: "sequence", offset, tag, items };
    this.#anchor(node.anchor, sequence);
    for (const item of node.items) items.push(this.read(item));
    return sequence;
  }

  #readAlias(alias: Alias): YamlNode {
    const target = this.#anchors.get(alias.source);
    const offset = offsetOf(alias);
    if (target === undefined) {
      throw new YamlFailure(`yaml: unknown anchor '${alias.source}' referenced`, offset);
    }
    return { kind: "alias", offset, tag: "", name: alias.source, target };
  }

  #anchor(name: string | undefined, node: YamlNode): void {
    if (name !== undefined) this.#anchors.set(name, node);
  }
}

function offsetOf(node: unknown): number {
  return (node as { range?: readonly number[] | null }).range?.[0] ?? 0;
}
