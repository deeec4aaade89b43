import { decodeText } from "../text.ts";
import type { Finding } from "./rule-problem.ts";
import type { YamlNode, YamlScalar } from "./yaml/node.ts";
import { resolveScalar, shortTag, tagOf } from "./yaml/resolve-scalar.ts";

/** A value that cannot become what its field holds, in yaml.v2's words. */
export function typeError(node: YamlNode, goType: string, accepted: string): Finding {
  return {
    place: node,
    text: `line ${node.line}: cannot unmarshal ${tagText(node)} into ${goType}`,
    accepted,
    isTypeError: true,
  };
}

function tagText(node: YamlNode): string {
  if (node.kind !== "scalar") return node.kind === "mapping" ? "!!map" : "!!seq";
  const tag = shortTag(node.tag === "" ? tagOf(resolveScalar(node)) : node.tag);
  // As yaml.v2 has it: it takes the node for a collection.
  if (tag === "!!map" || tag === "!!seq") return tag + node.text;
  return `${tag} \`${shortened(node)}\``;
}

/** The first seven of more than ten bytes, as yaml.v2 cuts them. */
function shortened({ text }: YamlScalar): string {
  const bytes = Buffer.from(text);
  return bytes.length > 10 ? `${decodeText(bytes, 0, 7).toWellFormed()}...` : text;
}
