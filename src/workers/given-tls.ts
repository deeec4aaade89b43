import { HeldTls, tlsMaterial } from "../tls/source.ts";
import type { TlsUse } from "../tls/tls-files.ts";
import type { Primary } from "./worker.ts";

/**
 * What is in force for each use of TLS, as the primary says: it reads the files for all, and a worker that starts while they are not
 * good has what the others have.
 *
 * @returns a promise of all uses; it has to be called before anything is waited for, as the primary does not wait
 */
export function givenTls(
  primary: Pick<Primary, "onMessage">,
  uses: readonly TlsUse[],
): Promise<ReadonlyMap<TlsUse, HeldTls>> {
  const sources = new Map<TlsUse, HeldTls>();
  return new Promise((resolve) => {
    if (uses.length === 0) resolve(sources);
    primary.onMessage((message) => {
      if (message.type !== "tls") return;
      const material = tlsMaterial(message.texts);
      const known = sources.get(message.use);
      if (known !== undefined) known.put(material);
      else sources.set(message.use, new HeldTls(material));
      if (sources.size === uses.length) resolve(sources);
    });
  });
}
