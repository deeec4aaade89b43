import { afterEach } from "@jest/globals";

interface Stoppable {
  stop(): Promise<unknown>;
}

/** What the tests of a file start, to be stopped after each of them, the latest first. */
export interface Cleanup {
  /** Takes charge of something that was started, or is starting. */
  add<T extends Stoppable>(started: T | Promise<T>): Promise<T>;
}

export function cleanupAfterEach(): Cleanup {
  const started: Stoppable[] = [];
  afterEach(async () => {
    for (const each of started.splice(0).reverse()) await each.stop();
  });
  return {
    async add(starting) {
      const each = await starting;
      started.push(each);
      return each;
    },
  };
}
