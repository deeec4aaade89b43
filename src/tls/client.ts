import { isIP } from "node:net";
import {
  type ConnectionOptions,
  createSecureContext,
  rootCertificates,
  type SecureContext,
} from "node:tls";
import type { TlsMaterial, TlsSource } from "./source.ts";

export interface TlsClientOptions {
  readonly source: TlsSource;
  /** Accepts a certificate of another name; its chain is verified all the same. */
  readonly skipHostnameVerification: boolean;
}

/** What `tls.connect` needs beside host and port, for a connection to `host` that begins now. */
export function tlsClientOptions(
  { source, skipHostnameVerification }: TlsClientOptions,
  host: string,
): ConnectionOptions {
  return {
    secureContext: clientContext(source.current, !skipHostnameVerification),
    // Only a name is told to the server, not an address (RFC 6066 §3).
    ...(isIP(host) === 0 && { servername: host }),
    ...(skipHostnameVerification && { checkServerIdentity: () => undefined }),
  };
}

const contexts = [new WeakMap<TlsMaterial, SecureContext>(), new WeakMap()] as const;

/**
 * The context of connections to servers. It is made once for as long as the material is in force: it takes milliseconds.
 *
 * @param isNameVerified then the CAs that Node trusts count beside those of the file, as they do for the reference; when names are not
 *   looked at, they would let everybody in who has a certificate of some kind
 * @param publicCas the CAs that Node trusts
 */
export function clientContext(
  material: TlsMaterial,
  isNameVerified: boolean,
  publicCas: readonly string[] = rootCertificates,
): SecureContext {
  const known = contexts[isNameVerified ? 0 : 1];
  const kept = known.get(material);
  if (kept !== undefined) return kept;
  const { cert, key, ca } = material;
  const context = createSecureContext({
    cert,
    key,
    ca: ca === undefined ? undefined : isNameVerified ? [...publicCas, ca] : ca,
    minVersion: "TLSv1.2",
  });
  known.set(material, context);
  return context;
}
