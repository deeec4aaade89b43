import { encodeText } from "../../text.ts";
import type { Dialect } from "../dialect.ts";
import { encodeAll } from "../encodable.ts";
import { MemcacheReader } from "./reply-reader.ts";

/** Memcached's text protocol. It knows neither users nor databases. */
export const memcache: Dialect = {
  server: "Memcached",
  ping: ["version"],
  createReader: (onReply) => new MemcacheReader(onReply),
  encode: (commands) => encodeAll(commands, (text) => text, bytesOf),
  encodeWords: (words) => `${words.join(" ")}\r\n`,
  async greet(connection) {
    await connection.ask("version");
  },
};

/** A text byte for byte as the caller sent it (`text.ts`). */
function bytesOf(text: string): string {
  return encodeText(text).toString("latin1");
}
