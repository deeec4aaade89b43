import type { IncomingMessage } from "node:http";

/** A body is read to its end up to this many times its bound, so that the sender gets to read why it was refused. */
const patience = 8;

/**
 * The body of a request; `undefined` when it is longer than `bytesMax`, of which no more is kept.
 *
 * @throws (rejects) when the client goes away before the end.
 */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bytesMax) chunks.push(chunk);
      else chunks.length = 0;
      if (bytes > bytesMax * patience) resolve(undefined);
    });
    request.on("end", () => resolve(bytes > bytesMax ? undefined : Buffer.concat(chunks)));
    request.on("error", reject);
  });
}
