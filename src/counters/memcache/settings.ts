import type { NodeSettings } from "../server-node.ts";
import type { ServerAddress } from "../target.ts";

/** Where Memcached is and how it is talked to. */
export interface MemcacheSettings extends NodeSettings {
  /** The servers, at least one, in the order in which keys are spread over them; or the record that names them. */
  readonly servers: readonly ServerAddress[] | MemcacheSrv;
}

/** A DNS record of the servers (RFC 2782). */
export interface MemcacheSrv {
  /** `_memcache._tcp.example.org` */
  readonly record: string;
  /** How often it is asked for once it has been answered; 0: never again. */
  readonly refreshMs: number;
}
