import type { VelocityGateError } from "../errors.ts";
import { encodeText } from "../text.ts";

/** Name and arguments of a command. */
export type RedisWords = [name: string, ...args: (string | number | Buffer)[]];

/** Something to be done to one key. It is answered or refused once, or it is lost; callers may be given up on before that. */
export interface RedisCommand {
  readonly key: string;
  /** How often a cluster has sent it on to another node. */
  redirections: number;
  /** The node that it goes to next does not own the key's slot yet: ASKING precedes it. */
  isAsking: boolean;
  words(): RedisWords;
  /** Takes over a later command of the same key, so that one is sent for both; `false` when that is not the same. */
  absorb(later: RedisCommand): boolean;
  answer(reply: unknown): void;
  /** The server answered with an error: it changed nothing. */
  refuse(text: string): void;
  /** Nobody waits any longer; an answer may still come. */
  giveUp(error: VelocityGateError): void;
  /** No answer will come. */
  lose(error: VelocityGateError, mayHaveRun: boolean): void;
}

/** A text as it goes to Redis: byte for byte what the caller sent. */
export function wireText(text: string): string | Buffer {
  return text.isWellFormed() ? text : encodeText(text);
}
