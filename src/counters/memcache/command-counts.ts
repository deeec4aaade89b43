import { ErrorReply, type Reply } from "../reply.ts";

/** How commands fared, since the start: those of the reference's statistics. A command may be for hits of many calls. */
export interface CommandCounts {
  multigetSuccess: number;
  multigetError: number;
  incrementSuccess: number;
  incrementMiss: number;
  incrementError: number;
  addSuccess: number;
  addNotStored: number;
  addError: number;
  /** Of those asked by `get`. */
  keysRequested: number;
  keysFound: number;
}

export function noCommands(): CommandCounts {
  return {
    multigetSuccess: 0,
    multigetError: 0,
    incrementSuccess: 0,
    incrementMiss: 0,
    incrementError: 0,
    addSuccess: 0,
    addNotStored: 0,
    addError: 0,
    keysRequested: 0,
    keysFound: 0,
  };
}

export function countGet(counts: CommandCounts, reply: Reply): void {
  counts.keysRequested += 1;
  if (reply instanceof ErrorReply) {
    counts.multigetError += 1;
    return;
  }
  counts.multigetSuccess += 1;
  if (reply !== undefined) counts.keysFound += 1;
}

/** `incr`, and `decr` as well, for which the reference has no name. */
export function countIncrement(counts: CommandCounts, reply: Reply): void {
  if (reply instanceof ErrorReply) counts.incrementError += 1;
  else if (reply === undefined) counts.incrementMiss += 1;
  else counts.incrementSuccess += 1;
}

export function countAdd(counts: CommandCounts, reply: Reply): void {
  if (reply instanceof ErrorReply) counts.addError += 1;
  else if (reply === "STORED") counts.addSuccess += 1;
  else counts.addNotStored += 1;
}
