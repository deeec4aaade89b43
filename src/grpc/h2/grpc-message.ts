/** gRPC over HTTP/2, «Responses»: the percent-encoding of `grpc-message`. */

const hex = "0123456789ABCDEF";

/**
 * `text` as UTF-8, with every byte encoded that is not printable ASCII, and `%`. Lone surrogates become U+FFFD. What would make it
 * longer than `bytesMax` is left out, whole characters at a time.
 */
export function encodeMessage(text: string, bytesMax: number): string {
  let encoded = "";
  for (const char of text) {
    const next = encodeChar(char);
    if (encoded.length + next.length > bytesMax) break;
    encoded += next;
  }
  return encoded;
}

function encodeChar(char: string): string {
  if (char >= " " && char <= "~" && char !== "%") return char;
  let encoded = "";
  for (const byte of Buffer.from(char)) {
    encoded += `%${hex.charAt(byte >> 4)}${hex.charAt(byte & 15)}`;
  }
  return encoded;
}
