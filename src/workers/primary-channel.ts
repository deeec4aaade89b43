import type { Socket } from "node:net";
import type { ToWorker } from "./messages.ts";
import type { Primary } from "./worker.ts";

/** The channel of a forked process to the one that forked it. */
export function primaryChannel(): Primary {
  let take: ((socket: Socket) => void) | undefined;
  const tell: Primary["tell"] = (message) =>
    new Promise((resolve) => {
      // Without a primary this process is about to end.
      if (process.send === undefined) resolve();
      else process.send(message, undefined, undefined, () => resolve());
    });
  process.on("message", ({ type }: ToWorker, handle) => {
    if (type !== "connection") return;
    void tell({ type: "taken" });
    const socket = handle as Socket | undefined;
    if (socket === undefined) {
      // It was lost on the way.
      void tell({ type: "closed" });
      return;
    }
    socket.once("close", () => void tell({ type: "closed" }));
    if (take === undefined) socket.destroy();
    else take(socket);
  });
  return {
    tell,
    onMessage: (listener) => void process.on("message", listener),
    onConnection(listener) {
      take = listener;
      return () => {
        take = undefined;
      };
    },
  };
}
