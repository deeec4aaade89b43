/** Name and arguments of a command. */
export type Words = readonly (string | number)[];

/** What of a command stands before one of its arguments and says how long it is, in bytes. */
export type Lead = (bytes: number) => string;

/** Writes one argument: between what its protocol puts around it, or between what the command has ready for that. */
export type WriteArgument = (text: string, lead?: Lead, tail?: string) => string;

/** Something that is sent. */
export interface Encodable {
  /** The command, each of its arguments written by `write`; characters stand for bytes (latin1). */
  encode(write: WriteArgument): string;
}

/**
 * Everything that is to be sent in one go. Almost always all of it is ASCII, where characters are bytes: then nobody has to look at
 * each argument, only at all of it, once, afterwards.
 *
 * @param ascii writes an argument that is taken for ASCII
 * @param any writes any argument, byte for byte
 */
export function encodeAll(
  commands: readonly Encodable[],
  ascii: WriteArgument,
  any: WriteArgument,
): string {
  const text = join(commands, ascii);
  return Buffer.byteLength(text) === text.length ? text : join(commands, any);
}

function join(commands: readonly Encodable[], write: WriteArgument): string {
  let text = "";
  for (const command of commands) text += command.encode(write);
  return text;
}
