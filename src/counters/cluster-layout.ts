import { slotCount } from "./key-slot.ts";
import type { RedisAddress } from "./redis-settings.ts";

/** Which master owns which slots, `first` and `last` included. */
export type ClusterLayout = readonly {
  readonly first: number;
  readonly last: number;
  readonly master: RedisAddress;
}[];

/**
 * Reads the reply to CLUSTER SLOTS: `[[first, last, [host, port, …], …], …]`, the master before its replicas. A node that does not
 * know its own name leaves the host out and means the one that it was asked under; «?» means that nobody knows it.
 *
 * @throws Error when there is no range at all, as in a cluster that has not been made yet
 */
export function parseLayout(reply: unknown, askedHost: string): ClusterLayout {
  const ranges = Array.isArray(reply) ? reply : [];
  const layout = ranges.flatMap((range) => parseRange(range, askedHost) ?? []);
  if (layout.length === 0) throw new Error("the cluster has no slots yet");
  return layout;
}

function parseRange(range: unknown, askedHost: string): ClusterLayout[number] | undefined {
  if (!Array.isArray(range) || !Array.isArray(range[2])) return undefined;
  const [first, last, [host, port]] = range as [unknown, unknown, unknown[]];
  const master = { host: host ? String(host) : askedHost, port: Number(port) };
  const isKnown = isSlot(first) && isSlot(last) && isPort(master.port) && master.host !== "?";
  return isKnown ? { first, last, master } : undefined;
}

/** What a node says instead of an answer. */
export interface Redirection {
  /** MOVED: the slot has another owner for good. ASK: this one key is already there, the slot follows. */
  readonly kind: "MOVED" | "ASK";
  readonly slot: number;
  readonly address: RedisAddress;
}

/** Reads `MOVED 3999 127.0.0.1:6381`; `undefined` when the text is no redirection. A missing host is the one that was asked. */
export function parseRedirection(text: string, askedHost: string): Redirection | undefined {
  const [kind, slotText, address = ""] = text.split(" ");
  if (kind !== "MOVED" && kind !== "ASK") return undefined;
  const colon = address.lastIndexOf(":");
  const slot = Number(slotText);
  const port = Number(address.slice(colon + 1));
  if (!isSlot(slot) || colon < 0 || !isPort(port)) return undefined;
  return { kind, slot, address: { host: address.slice(0, colon) || askedHost, port } };
}

function isSlot(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < slotCount;
}

function isPort(value: number): boolean {
  return Number.isInteger(value) && value > 0 && value < 65_536;
}
