import type { RedisAddress } from "../redis-settings.ts";

/** One answer to a question for SRV records. */
export interface SrvAnswer {
  readonly name: string;
  readonly port: number;
}

/** Asks the DNS. @throws Error (rejects) when there is no such record, or no answer */
export type ResolveSrv = (record: string) => Promise<readonly SrvAnswer[]>;

/** Service, protocol and name, as the reference takes them apart. */
const recordForm = /^_.+?\._.+?\..+$/;

/** Whether a text names a record of a service: `_memcache._tcp.example.org`. */
export function isSrvRecord(text: string): boolean {
  return recordForm.test(text);
}

/**
 * The servers that a record names, in the order in which the reference spreads keys over them: that of their texts, in which names end
 * with a dot. Priorities and weights make no difference, since every server has keys of its own.
 */
export function serversOf(answers: readonly SrvAnswer[]): readonly RedisAddress[] {
  return answers
    .map(({ name, port }) => ({ host: name.replace(/\.$/, ""), port }))
    .map((address) => ({ address, text: `${address.host}.:${address.port}` }))
    .sort((a, b) => (a.text < b.text ? -1 : Number(a.text > b.text)))
    .map(({ address }) => address);
}
