import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import type { HttpAnswer } from "./server.ts";

/** Below this, the headers are most of the answer. */
const bytesMin = 1024;

const gzipInBackground = promisify(gzip);

/** The body in gzip where that is worth it and the client takes it, else `undefined`. Done beside the event loop. */
export async function gzippedBody(
  answer: HttpAnswer,
  request: IncomingMessage,
): Promise<Buffer | undefined> {
  if (!answer.isCompressible || Buffer.byteLength(answer.body) < bytesMin) return undefined;
  if (!takesGzip(request.headers["accept-encoding"] ?? "")) return undefined;
  return gzipInBackground(answer.body, { level: constants.Z_BEST_SPEED });
}

/** RFC 9110, 12.5.3: the coding by its name or by `*`, unless its weight is 0. */
function takesGzip(acceptEncoding: string): boolean {
  const weights = new Map<string, number>();
  for (const item of acceptEncoding.toLowerCase().split(",")) {
    const [coding = "", ...parameters] = item.split(";").map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
    weights.set(coding, Number(weight));
  }
  const weight = weights.get("gzip") ?? weights.get("x-gzip") ?? weights.get("*") ?? 0;
  return weight > 0;
}
