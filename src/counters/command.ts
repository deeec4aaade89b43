import type { VelocityGateError } from "../errors.ts";
import type { Encodable } from "./encodable.ts";
import type { Reply } from "./reply.ts";

/** Something to be done to one key. It is answered or refused once, or it is lost; callers may be given up on before that. */
export interface Command extends Encodable {
  readonly key: string;
  /** How often a cluster has sent it on to another node. */
  redirections: number;
  /** The node that it goes to next does not own the key's slot yet: ASKING precedes it. */
  isAsking: boolean;
  /**
   * Takes over a later command of the same key, so that one is sent for both; `false` when that is not the same. Absent in commands
   * that neither take over others nor have to keep their place among them.
   */
  absorb?(later: Command): boolean;
  /**
   * What is left of it when those that were taken over, or it itself, are left out whose callers do not wait any longer; `undefined`:
   * nothing. Only before it is sent. Absent in commands that are sent whether anybody waits or not.
   */
  awaited?(): Command | undefined;
  /** How many characters its keys have, when they are not `key`'s. */
  readonly characters?: number;
  /** The server refused the command, having done nothing: whether it is to be sent again, changed, to the same server. */
  again?(text: string): boolean;
  /** @param reply anything but an error */
  answer(reply: Reply): void;
  /** The server answered with an error: it changed nothing. */
  refuse(text: string): void;
  /** Nobody waits any longer; an answer may still come. */
  giveUp(error: VelocityGateError): void;
  /** No answer will come. */
  lose(error: VelocityGateError, mayHaveRun: boolean): void;
}
