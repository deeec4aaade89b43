import type { TLSSocket } from "node:tls";
import { hasSanName, type SanName } from "./names.ts";

export const refusalReasons = [
  /** It showed none. */
  "no_certificate",
  /** It comes from no CA that is trusted, or is not meant for clients. */
  "untrusted",
  /** It is out of date. */
  "expired",
  /** It has none of the names that are asked for. */
  "name",
  /** The handshake failed before that. */
  "handshake",
] as const;

export type RefusalReason = (typeof refusalReasons)[number];

/** Why a connection was not let in. */
export interface Refusal {
  readonly reason: RefusalReason;
  /** For people, bounded. */
  readonly text: string;
  /** The address of the other side. */
  readonly client: string | undefined;
}

const textCharsMax = 300;

export function refusal(reason: RefusalReason, text: string, client: string | undefined): Refusal {
  const bounded = text.length > textCharsMax ? `${text.slice(0, textCharsMax)}…` : text;
  return { reason, text: bounded, client };
}

/**
 * Judges the certificate that the client of a finished handshake showed, or did not.
 *
 * @param socket of a server that asks for certificates and lets the handshake succeed whatever they are
 * @returns `undefined`: it is let in
 */
export function judgeClient(socket: TLSSocket, names: readonly SanName[]): Refusal | undefined {
  const client = socket.remoteAddress;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) {
    return refusal("no_certificate", "it showed no certificate", client);
  }
  const shown = `its certificate (${certificate.subjectAltName ?? "without names"})`;
  if (!socket.authorized) {
    const code = String(socket.authorizationError);
    const isExpired = code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID";
    return refusal(isExpired ? "expired" : "untrusted", `${shown} is refused: ${code}`, client);
  }
  if (names.length > 0 && !hasSanName(certificate, names)) {
    return refusal("name", `${shown} has none of the names that are asked for`, client);
  }
  return undefined;
}
