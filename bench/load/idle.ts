import { openChannel } from "./channel.ts";
import { openingBytes } from "./control-frames.ts";

/** Connections that are open and say nothing. */
export interface IdleConnections {
  close(): void;
}

/** How many are opened at a time: the server's backlog is finite. */
const atOnce = 100;

/** Opens connections in the clear, each up to the server's first bytes. */
export async function openIdle(port: number, count: number): Promise<IdleConnections> {
  const opened: { close(): void }[] = [];
  while (opened.length < count) {
    const next = Array.from({ length: Math.min(atOnce, count - opened.length) }, () =>
      openOne(port),
    );
    opened.push(...(await Promise.all(next)));
  }
  return {
    close: () => {
      for (const one of opened) one.close();
    },
  };
}

async function openOne(port: number): Promise<{ close(): void }> {
  return new Promise((resolve, reject) => {
    const channel = openChannel(
      { port, certificate: undefined },
      {
        onBytes: () => resolve(channel),
        onEnd: (error) => reject(error ?? new Error("the server closed a connection")),
      },
    );
    channel.opened.then(() => channel.write(openingBytes(65_535 * 2)), reject);
  });
}
