/** One command of the CLI. */
export interface Command {
  readonly usage: string;
  /** @returns the exit code. */
  run(args: readonly string[]): Promise<number>;
}

/** What the person typed is not understood; the message says what was expected. Ends with exit code 2 and the usage. */
export class UsageError extends Error {}
