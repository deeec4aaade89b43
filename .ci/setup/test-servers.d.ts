/** A server that the tests talk to. */
export interface TestServer {
  readonly name: "redis" | "memcached" | "envoy";
  /** What a person can do to get it. */
  readonly byHand: string;
  /** The path of its executable; `undefined`: it is not on this machine. */
  find(): string | undefined;
  /** Installs it, saying so. @throws Error that says why not, and how to get it by hand. */
  install(): void;
}

export const redis: TestServer;
export const memcached: TestServer;
export const envoy: TestServer;

/** The path of a server's executable. @throws Error that says how to get it. */
export function executableOf(server: TestServer): string;
