import { encodeText } from "../../text.ts";
import { type Encodable, encodeAll, type Words } from "../encodable.ts";

/**
 * Commands as RESP2 text: an array of bulk strings, each with its length in bytes in front.
 *
 *     *3\r\n $6\r\nINCRBY\r\n $3\r\nkey\r\n $1\r\n5\r\n
 *
 * They are put together as one string for all commands of a batch, in which each character stands for a byte (latin1): for short
 * pieces that is faster than writing them into a buffer, and the socket takes it as it is.
 */

/** Everything that is to be sent in one go. Only what is not ASCII has to be measured in bytes. */
export function encodeRequest(commands: readonly Encodable[]): string {
  return encodeAll(commands, asciiBulk, bulk);
}

export function encodeWords(words: Words): string {
  let text = `*${words.length}\r\n`;
  for (const word of words) text += bulk(String(word));
  return text;
}

function asciiBulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

/** A text byte for byte as the caller sent it (`text.ts`). */
function bulk(text: string): string {
  return asciiBulk(encodeText(text).toString("latin1"));
}
