import { parseSanNames, type SanName } from "../tls/names.ts";
import type { Setting } from "./setting.ts";

const bytesMax = 4_096;

/** Names of a certificate, between commas. */
export function sanNames(meaning: string): Setting<readonly SanName[]> {
  return {
    type: "text",
    default: "",
    meaning,
    accepted:
      "names between commas: DNS names without wildcards, IP addresses, URIs such as spiffe://cluster.local/ns/a/sa/b",
    parse: (given) => (Buffer.byteLength(given) <= bytesMax ? parseSanNames(given) : undefined),
  };
}
