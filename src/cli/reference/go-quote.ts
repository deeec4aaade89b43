const named: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};

/** A text as Go's `%q` writes it: in quotes, what cannot be seen as an escape. */
export function goQuote(text: string): string {
  let quoted = "";
  for (const char of text) quoted += named[char] ?? (isVisible(char) ? char : escapeOf(char));
  return `"${quoted}"`;
}

function isVisible(char: string): boolean {
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(char);
}

function escapeOf(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const hex = (digits: number) => code.toString(16).padStart(digits, "0");
  if (code < 0x80) return `\\x${hex(2)}`;
  return code < 0x10000 ? `\\u${hex(4)}` : `\\U${hex(8)}`;
}
