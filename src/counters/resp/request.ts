import { encodeText } from "../../text.ts";

/**
 * Commands as RESP2 text: an array of bulk strings, each with its length in bytes in front.
 *
 *     *3\r\n $6\r\nINCRBY\r\n $3\r\nkey\r\n $1\r\n5\r\n
 *
 * They are put together as one string for all commands of a batch, in which each character stands for a byte (latin1): for short
 * pieces that is faster than writing them into a buffer, and the socket takes it as it is.
 */

/** Name and arguments. */
export type Words = readonly (string | number)[];

/** Writes one argument. */
export type WriteBulk = (text: string) => string;

/** Something that is sent. */
export interface Encodable {
  /** The command, each of its arguments written by `bulk`. */
  encode(bulk: WriteBulk): string;
}

/**
 * Everything that is to be sent in one go. Almost always all of it is ASCII, where characters are bytes: then nobody has to count
 * them for each argument, only once for all, afterwards.
 */
export function encodeRequest(commands: readonly Encodable[]): string {
  const text = join(commands, asciiBulk);
  return Buffer.byteLength(text) === text.length ? text : join(commands, bulk);
}

export function encodeWords(words: Words): string {
  let text = `*${words.length}\r\n`;
  for (const word of words) text += bulk(String(word));
  return text;
}

function join(commands: readonly Encodable[], write: WriteBulk): string {
  let text = "";
  for (const command of commands) text += command.encode(write);
  return text;
}

function asciiBulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

/** A text byte for byte as the caller sent it (`text.ts`). */
function bulk(text: string): string {
  return asciiBulk(encodeText(text).toString("latin1"));
}
