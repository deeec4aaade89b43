import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";

/** A name that a certificate may have (its subjectAltName). */
export interface SanName {
  readonly kind: "dns" | "ip" | "uri";
  readonly value: string;
}

const dnsName = /^(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*$/;
const uri = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^\s,]+$/;

/** Names between commas: `gateway.example.com`, `10.0.0.7`, `spiffe://cluster.local/ns/gateway/sa/envoy`. `undefined`: not accepted. */
export function parseSanNames(text: string): readonly SanName[] | undefined {
  if (text.trim() === "") return [];
  const names = text.split(",").map((item) => parseSanName(item.trim()));
  return names.every((name) => name !== undefined) ? names : undefined;
}

function parseSanName(text: string): SanName | undefined {
  const address = text.replace(/^\[(.*)\]$/, "$1");
  if (isIP(address) !== 0) return { kind: "ip", value: address };
  if (uri.test(text)) return { kind: "uri", value: text };
  return dnsName.test(text) ? { kind: "dns", value: text } : undefined;
}

/** Whether the certificate has at least one of the names. In it, `*.example.com` stands for each name one level below. */
export function hasSanName(certificate: X509Certificate, names: readonly SanName[]): boolean {
  return names.some((name) => isNameOf(certificate, name));
}

function isNameOf(certificate: X509Certificate, { kind, value }: SanName): boolean {
  switch (kind) {
    case "dns":
      return certificate.checkHost(value, dnsOptions) !== undefined;
    case "ip":
      return certificate.checkIP(value) !== undefined;
    case "uri":
      return urisOf(certificate).includes(value);
  }
}

/** The subject's common name is no name of a host any more (RFC 9525 §2). */
const dnsOptions = { subject: "never", partialWildcards: false } as const;

/** Node writes the names as `DNS:a, URI:b`, and one that holds a special character in quotes as in JSON. */
function urisOf({ subjectAltName = "" }: X509Certificate): readonly string[] {
  const uris: string[] = [];
  const entry = /([^:,"]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y;
  while (entry.lastIndex < subjectAltName.length) {
    const [, kind, value = ""] = entry.exec(subjectAltName) ?? [];
    // What is not understood may hold anything, so nothing of it counts.
    if (kind === undefined) return [];
    if (kind === "URI") uris.push(value.startsWith('"') ? String(JSON.parse(value)) : value);
  }
  return uris;
}
