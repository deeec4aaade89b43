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

const typeErrorsBegin = "error loading config file: yaml: unmarshal errors:\n  ";

/** The first problem, in the words of the reference, which tells all of a file's type errors in one message. */
export function firstMessage(problems: readonly RuleProblem[]): string {
  const first = problems[0];
  if (first === undefined) return "the rules were refused";
  const message = `${first.file}: ${first.text}`;
  if (!first.text.startsWith(typeErrorsBegin)) return message;
  const more = problems
    .slice(1)
    .filter(({ file, text }) => file === first.file && text.startsWith(typeErrorsBegin))
    .map(({ text }) => `\n  ${text.slice(typeErrorsBegin.length)}`);
  return message + more.join("");
}

/**
 * The findings of one file, of those at one place only the first: the others follow from it. Type errors are all kept, as the
 * reference tells them: an alias can bring the same one several times.
 */
export function problemsIn(file: string, findings: readonly Finding[]): RuleProblem[] {
  const seen = new Map<string, Finding>();
  const problems: RuleProblem[] = [];
  for (const finding of findings) {
    const { text, accepted, isTypeError } = finding;
    const { line, column } = finding.place;
    const first = seen.get(`${line}:${column}`);
    if (first !== undefined && !(first.isTypeError && isTypeError)) continue;
    seen.set(`${line}:${column}`, first ?? finding);
    problems.push({
      file,
      line,
      column,
      text: isTypeError ? `${typeErrorsBegin}${text}` : text,
      accepted,
    });
  }
  return problems;
}
