import { afterAll, afterEach } from "@jest/globals";

interface Stoppable {
  stop(): Promise<unknown>;
}

/** What tests start, to be stopped after them, the latest first. */
export interface Cleanup {
  /** Takes charge of something that was started, or is starting. */
  add<T extends Stoppable>(started: T | Promise<T>): Promise<T>;
}

export function cleanupAfterEach(): Cleanup {
  return cleanup(afterEach);
}

export function cleanupAfterAll(): Cleanup {
  return cleanup(afterAll);
}

function cleanup(hook: typeof afterEach): Cleanup {
  const started: Stoppable[] = [];
  hook(async () => {
    for (const each of started.splice(0).reverse()) await each.stop();
  }, 60_000);
  return {
    async add(starting) {
      const each = await starting;
      started.push(each);
      return each;
    },
  };
}
