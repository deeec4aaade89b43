import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

const ofTheirs =
  /^(?:UNABLE_TO_|CERT_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_|PATH_LENGTH_|ERR_TLS_CERT_)/;

/** What a server says of the certificate that a client showed, by the end of OpenSSL's code. */
const ofOurs: readonly (readonly [end: string, text: string])[] = [
  ["ALERT_CERTIFICATE_REQUIRED", "the server asks for a certificate, and none is shown"],
  ["ALERT_UNKNOWN_CA", "the server does not trust the CA of the certificate that is shown to it"],
  ["ALERT_CERTIFICATE_EXPIRED", "to the server, the certificate that is shown to it has expired"],
  ["ALERT_BAD_CERTIFICATE", "the server refuses the certificate that is shown to it"],
  [
    "ALERT_UNSUPPORTED_CERTIFICATE",
    "the server refuses the certificate that is shown to it: it is not meant for clients",
  ],
  ["ALERT_CERTIFICATE_UNKNOWN", "the server refuses the certificate that is shown to it"],
  ["ALERT_CERTIFICATE_REVOKED", "to the server, the certificate that is shown to it is revoked"],
];

/** Why a connection to a server failed, in words, when TLS is what it failed by; else `undefined`. */
export function tlsFailureText(error: unknown): string | undefined {
  if (!isSystemError(error)) return undefined;
  const { code } = error;
  if (ofTheirs.test(code)) return `the server's certificate is refused: ${error.message}`;
  if (!code.startsWith("ERR_SSL_")) return undefined;
  const known = ofOurs.find(([end]) => code.endsWith(end));
  // The message itself is full of addresses and line numbers of OpenSSL.
  return known?.[1] ?? `TLS failed: ${error.reason ?? code}`;
}

/**
 * Why a server closed a connection of which nothing was heard yet, when that is a TLS one; else `undefined`. With TLS 1.3 it judges the
 * client's certificate only when the client may write already, and what it says of it is often lost to a write that fails.
 */
export function earlyEndText(socket: Socket): string | undefined {
  if (!("encrypted" in socket) || (socket as TLSSocket).authorized === false) return undefined;
  return "the server closed the connection after the TLS handshake, as it does when it refuses the certificate that is shown to it, or wants one";
}

interface SystemError {
  readonly code: string;
  readonly message: string;
  readonly reason?: string;
}

function isSystemError(error: unknown): error is SystemError {
  return (
    typeof error === "object" &&
    error !== null &&
    "code" in error &&
    typeof error.code === "string" &&
    "message" in error
  );
}
