import { spawnSync } from "node:child_process";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { folder } from "../render.ts";

/** A certificate as components/redis-tls asks for, signed by itself, in the files of its Secret. Needs `openssl`. */
export function makeCertificates(directory: string): void {
  const { status, stderr, error } = spawnSync(
    "openssl",
    [
      ...["req", "-x509", "-nodes", "-days", "1", "-subj", "/CN=redis"],
      ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
      ...["-addext", "subjectAltName=DNS:*.redis.velocitygate.svc"],
      ...["-keyout", join(directory, "tls.key"), "-out", join(directory, "tls.crt")],
    ],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`openssl made no certificate: ${error?.message ?? stderr}`);
  cpSync(join(directory, "tls.crt"), join(directory, "ca.crt"));
}

interface Kustomization {
  readonly configMapGenerator: readonly { readonly literals: readonly string[] }[];
}

/** The settings that components/redis-tls adds, with its Secret mounted at `directory`. */
export function tlsSettings(directory: string): Readonly<Record<string, string>> {
  const text = readFileSync(join(folder, "components/redis-tls/kustomization.yaml"), "utf8");
  const { configMapGenerator } = parse(text) as Kustomization;
  return Object.fromEntries(
    (configMapGenerator[0]?.literals ?? []).map((literal) => {
      const at = literal.indexOf("=");
      const value = literal.slice(at + 1).replace("/etc/redis-tls", directory);
      return [literal.slice(0, at), value] as const;
    }),
  );
}
