/** The listening socket of both engines, in the clear or with TLS (RFC 9113 §3.2, §9.2). */
import { constants } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import {
  createServer as createTlsServer,
  type SecureContextOptions,
  type TLSSocket,
} from "node:tls";
import { judgeClient, refusal } from "../tls/client-certificate.ts";
import type { TlsMaterial } from "../tls/source.ts";
import type { ServerTls } from "./engine.ts";

/** A peer that vanished without a word is asked by the kernel whether it is there. */
const keepAliveInitialDelayMs = 30_000;

/** §9.2.2: those of TLS 1.3, and of TLS 1.2 the ones that HTTP/2 does not prohibit. */
const ciphers = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

/**
 * A server, not bound yet, that hands over the connections on which HTTP/2 may begin. Its event «connection» comes earlier, with the
 * bare socket.
 *
 * @param handshakeMaxMs how long a TLS handshake may take
 */
export function createListener(
  tls: ServerTls | undefined,
  handshakeMaxMs: number,
  accept: (socket: Socket) => void,
): Server {
  const options = {
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveInitialDelayMs,
  };
  if (tls === undefined) return createServer(options, accept);
  const asksForCertificate = tls.source.current.ca !== undefined;
  const contextOf = (material: TlsMaterial) => contextOptions(material, asksForCertificate);
  const server = createTlsServer({
    ...options,
    ...contextOf(tls.source.current),
    // §3.2.
    ALPNProtocols: ["h2"],
    handshakeTimeout: handshakeMaxMs,
    // Node would end the connection of a bad one without a word to anybody: `admit` says why.
    ...(asksForCertificate && { requestCert: true, rejectUnauthorized: false }),
  });
  server.on("secureConnection", (socket) => {
    socket.on("error", ignore);
    if (admit(socket, tls, asksForCertificate)) accept(socket);
    else socket.destroy();
  });
  server.on("tlsClientError", (error, socket) => tellFailure(error, socket, tls));
  const stop = tls.source.onChange((material) => server.setSecureContext(contextOf(material)));
  server.once("close", stop);
  return server;
}

function contextOptions({ cert, key, ca }: TlsMaterial, asksForCertificate: boolean) {
  return {
    cert,
    key,
    minVersion: "TLSv1.2",
    ciphers,
    // A session that is taken up again shows no certificate: one that has expired since would still be good.
    ...(asksForCertificate && { ca, secureOptions: constants.SSL_OP_NO_TICKET }),
  } as const satisfies SecureContextOptions;
}

function admit(socket: TLSSocket, tls: ServerTls, asksForCertificate: boolean): boolean {
  const refused = asksForCertificate ? judgeClient(socket, tls.clientNames) : undefined;
  if (refused !== undefined) {
    tls.onRefused(refused);
    return false;
  }
  // §3.2 wants clients to offer it. Envoy does not unless it is told to, and never for health checks: who offers nothing is taken at its
  // word, which is HTTP/2's preface. Who offers others alone was refused by the handshake.
  socket.alpnProtocol ||= "h2";
  // §9.2.1.
  socket.disableRenegotiation();
  return true;
}

/** Who only looks whether the port is open has not failed. */
function tellFailure(error: NodeJS.ErrnoException, socket: TLSSocket, tls: ServerTls): void {
  if (error.code === "ECONNRESET" || error.code === "EPIPE") return;
  const reason = "reason" in error ? String(error.reason) : error.message;
  tls.onRefused(refusal("handshake", `the TLS handshake failed: ${reason}`, socket.remoteAddress));
}

function ignore(): void {}
