import type { Place } from "./yaml/node.ts";

/** One mistake in a rule file, for people. */
export interface RuleProblem {
  /** The file's name as it was handed in. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1, in UTF-16 units. */
  readonly column: number;
  /** What is wrong, in the reference's words, without the file name. May have several lines. */
  readonly text: string;
  /** What would have been accepted. */
  readonly accepted: string;
}

/** A mistake before its file is named. */
export interface Finding {
  readonly place: Place;
  readonly text: string;
  readonly accepted: string;
  /** A value of the wrong type. The reference tells all of a file's in one message. */
  readonly isTypeError?: boolean;
}
