import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Certificate {
  readonly certificatePath: string;
  readonly keyPath: string;
  readonly pem: string;
}

/** A certificate for 127.0.0.1, signed by itself, of the kind that most have today (ECDSA P-256). Needs `openssl`. */
export function makeCertificate(folder: string): Certificate {
  const certificatePath = join(folder, "certificate.pem");
  const keyPath = join(folder, "key.pem");
  const { status, stderr, error } = spawnSync(
    "openssl",
    [
      ...["req", "-x509", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"],
      ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
      ...["-addext", "subjectAltName=IP:127.0.0.1"],
      ...["-keyout", keyPath, "-out", certificatePath],
    ],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`openssl made no certificate: ${error?.message ?? stderr}`);
  return { certificatePath, keyPath, pem: readFileSync(certificatePath, "utf8") };
}
