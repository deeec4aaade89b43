import type { RateLimitRequest } from "../limits/descriptor.ts";

const charsMax = 1024;

/**
 * What was asked, as protobuf's text has it but without the values of the entries: those are users, addresses and tokens. Keys are
 * what an operator has written into Envoy's configuration.
 */
export function requestText({ domain, descriptors, hitsAddend }: RateLimitRequest): string {
  const parts = [`domain:${JSON.stringify(domain)}`];
  let chars = 0;
  for (const { entries } of descriptors) {
    if (chars > charsMax) break;
    const keys = entries.map(({ key }) => `entries:{key:${JSON.stringify(key)}}`).join(" ");
    parts.push(`descriptors:{${keys}}`);
    chars += keys.length;
  }
  if (hitsAddend > 0) parts.push(`hits_addend:${hitsAddend}`);
  const text = parts.join(" ");
  return text.length <= charsMax ? text : `${text.slice(0, charsMax)}…`;
}
