import { encodeText } from "../../text.ts";
import { type Encodable, encodeAll, type Lead, type Words } from "../encodable.ts";

/**
 * Commands as RESP2 text: an array of bulk strings, each with its length in bytes in front.
 *
 *     *3\r\n $6\r\nINCRBY\r\n $3\r\nkey\r\n $1\r\n5\r\n
 *
 * They are put together as one string for all commands of a batch, in which each character stands for a byte (latin1): for short
 * pieces that is faster than writing them into a buffer, and the socket takes it as it is.
 */

/** Of what is at most so long, or so much, the text is kept: most keys and nearly all hits. */
const keptMax = 255;

const lineEnd = "\r\n";

/** @param before the command's text up to the argument: `*2\r\n$3\r\nGET\r\n` */
export function leadOf(before: string): Lead {
  const write = (bytes: number) => `${before}$${bytes}${lineEnd}`;
  const kept = Array.from({ length: keptMax + 1 }, (_, bytes) => write(bytes));
  return (bytes) => kept[bytes] ?? write(bytes);
}

const keptTails = Array.from({ length: keptMax + 1 }, (_, number) => writeNumberTail(number));

/** What stands behind an argument that a number follows as the last one. */
export function numberTail(number: number): string {
  return keptTails[number] ?? writeNumberTail(number);
}

function writeNumberTail(number: number): string {
  const digits = String(number);
  return `${lineEnd}$${digits.length}${lineEnd}${digits}${lineEnd}`;
}

/** Everything that is to be sent in one go. Only what is not ASCII has to be measured in bytes. */
export function encodeRequest(commands: readonly Encodable[]): string {
  return encodeAll(commands, asciiBulk, bulk);
}

const wordLead = leadOf("");

export function encodeWords(words: Words): string {
  let text = `*${words.length}${lineEnd}`;
  for (const word of words) text += bulk(String(word));
  return text;
}

function asciiBulk(text: string, lead: Lead = wordLead, tail: string = lineEnd): string {
  return lead(text.length) + text + tail;
}

/** A text byte for byte as the caller sent it (`text.ts`). */
function bulk(text: string, lead?: Lead, tail?: string): string {
  return asciiBulk(encodeText(text).toString("latin1"), lead, tail);
}
