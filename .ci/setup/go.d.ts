/** The path of `go`. @throws Error that says how to get it */
export function goCommand(): string;
