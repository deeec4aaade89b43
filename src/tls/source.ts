import { hideSecrets } from "../secrets.ts";
import type { TlsTexts } from "./tls-files.ts";

/**
 * Certificates and a key that have been found to be good together, as PEM. Printed or turned into JSON it does not show the key.
 * Without `ca`, a client trusts the CAs that Node trusts, and a server asks its clients for no certificate.
 */
export interface TlsMaterial extends TlsTexts {}

/** What is in force for one use of TLS, now and after every change of its files. */
export interface TlsSource {
  /** For a connection that begins now. The same object for as long as nothing changes. */
  readonly current: TlsMaterial;
  /** Calls `listener` with what comes into force from now on; the returned function stops that. */
  onChange(listener: (material: TlsMaterial) => void): () => void;
}

/** A source that is told what is in force. */
export class HeldTls implements TlsSource {
  readonly #listeners = new Set<(material: TlsMaterial) => void>();
  #current: TlsMaterial;

  constructor(material: TlsMaterial) {
    this.#current = material;
  }

  get current(): TlsMaterial {
    return this.#current;
  }

  onChange(listener: (material: TlsMaterial) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  put(material: TlsMaterial): void {
    this.#current = material;
    for (const listener of this.#listeners) listener(material);
  }
}

/** @param texts that have been checked */
export function tlsMaterial({ cert, key, ca }: TlsTexts): TlsMaterial {
  return hideSecrets({ cert, key, ca });
}

export function isSameMaterial(one: TlsTexts, other: TlsTexts): boolean {
  return one.cert === other.cert && one.key === other.key && one.ca === other.ca;
}
