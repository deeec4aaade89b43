import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ServerTls } from "../../src/grpc/engine.ts";
import type { Refusal } from "../../src/tls/client-certificate.ts";
import { HeldTls, tlsMaterial } from "../../src/tls/source.ts";
import type { TlsTexts } from "../../src/tls/tls-files.ts";

/** A PEM file of test/support/tls. */
export function fixedPem(name: string): string {
  return readFileSync(join(import.meta.dirname, "tls", name), "utf8");
}

/** The source of TLS material that a test changes as it likes. */
export function heldTls(texts: Partial<TlsTexts>): HeldTls {
  return new HeldTls(tlsMaterial({ cert: undefined, key: undefined, ca: undefined, ...texts }));
}

/** TLS for an engine, with `test/support/tls/server` unless told otherwise. */
export function serverTls(texts?: Partial<TlsTexts>, refusals: Refusal[] = []): ServerTls {
  const source = heldTls(texts ?? { cert: fixedPem("server.crt"), key: fixedPem("server.key") });
  return { source, clientNames: [], onRefused: (refusal) => refusals.push(refusal) };
}
