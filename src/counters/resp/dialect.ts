import type { Dialect } from "../dialect.ts";
import { greet } from "../redis-greeting.ts";
import { ReplyParser } from "./reply-parser.ts";
import { encodeRequest, encodeWords } from "./request.ts";

export const resp: Dialect = {
  server: "Redis",
  ping: ["PING"],
  createReader: (onReply) => new ReplyParser(onReply),
  encode: encodeRequest,
  encodeWords,
  greet,
};
