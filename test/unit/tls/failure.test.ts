import { expect, test } from "@jest/globals";
import { tlsFailureText } from "../../../src/tls/failure.ts";

const failure = (code: string, message: string, reason?: string) =>
  Object.assign(new Error(message), { code, ...(reason !== undefined && { reason }) });

const alert = (code: string, reason: string) =>
  failure(
    `ERR_SSL_${code}`,
    `80AC:error:0A00:SSL routines:ssl3_read_bytes:${reason}:rec.c:1:\n`,
    reason,
  );

test.each([
  [
    failure("CERT_HAS_EXPIRED", "certificate has expired"),
    "the server's certificate is refused: certificate has expired",
  ],
  [
    failure("SELF_SIGNED_CERT_IN_CHAIN", "self-signed certificate in certificate chain"),
    "the server's certificate is refused: self-signed certificate in certificate chain",
  ],
  [
    failure("ERR_TLS_CERT_ALTNAME_INVALID", "Hostname/IP does not match"),
    "the server's certificate is refused: Hostname/IP does not match",
  ],
  [
    alert("TLSV13_ALERT_CERTIFICATE_REQUIRED", "tlsv13 alert certificate required"),
    "the server asks for a certificate, and none is shown",
  ],
  [
    alert("TLSV1_ALERT_UNKNOWN_CA", "tlsv1 alert unknown ca"),
    "the server does not trust the CA of the certificate that is shown to it",
  ],
  [
    alert("SSLV3_ALERT_CERTIFICATE_EXPIRED", "sslv3 alert certificate expired"),
    "to the server, the certificate that is shown to it has expired",
  ],
  [
    alert("SSLV3_ALERT_UNSUPPORTED_CERTIFICATE", "sslv3 alert unsupported certificate"),
    "the server refuses the certificate that is shown to it: it is not meant for clients",
  ],
  [alert("WRONG_VERSION_NUMBER", "wrong version number"), "TLS failed: wrong version number"],
  [failure("ERR_SSL_X", "80AC:x:y"), "TLS failed: ERR_SSL_X"],
])("%s is told in words", (error, text) => {
  expect(tlsFailureText(error)).toBe(text);
});

test.each([
  failure("ECONNREFUSED", "connect ECONNREFUSED"),
  new Error("no code"),
  "a text",
  undefined,
])("%s is nothing of TLS", (error) => {
  expect(tlsFailureText(error)).toBeUndefined();
});
