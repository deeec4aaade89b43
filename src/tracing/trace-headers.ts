import type { HttpHeaders } from "../http/server.ts";

/** The headers that say to which trace a call belongs: those of W3C and of B3, in one header and in several. */
const names = [
  "traceparent",
  "tracestate",
  "b3",
  "x-b3-traceid",
  "x-b3-spanid",
  "x-b3-parentspanid",
  "x-b3-sampled",
  "x-b3-flags",
] as const;

/** Those of them that a call has. */
export function traceHeadersOf(headers: HttpHeaders): HttpHeaders {
  return Object.fromEntries(
    names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
  );
}
