import type { RedisSettings } from "./redis-settings.ts";
import { resp } from "./resp/dialect.ts";
import { ServerNode } from "./server-node.ts";
import type { ServerTarget } from "./target.ts";

/** Connects to a server to ask it something, and disconnects. Ends early, with an error, when `signal` aborts. */
export async function visit<T>(
  target: ServerTarget,
  settings: RedisSettings,
  signal: AbortSignal,
  ask: (node: ServerNode) => Promise<T>,
): Promise<T> {
  const node = new ServerNode(target, { dialect: resp, settings });
  const end = () => node.close("the store was closed");
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  try {
    await node.opened;
    return await ask(node);
  } finally {
    signal.removeEventListener("abort", end);
    node.close("the server has answered");
  }
}
