import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import type { RedisTls } from "../counters/redis-settings.ts";
import { hideSecrets } from "./secrets.ts";
import type { Reading } from "./values.ts";

type FileName = "REDIS_TLS_CACERT" | "REDIS_TLS_CLIENT_CERT" | "REDIS_TLS_CLIENT_KEY";

const pemBytesMax = 1_048_576;

/**
 * Reads the files that the `REDIS_TLS_*` names point to. They hold for both Redis, and what is wrong with them is told once.
 */
export function redisTls(reading: Reading): RedisTls {
  const ca = readPem(reading, "REDIS_TLS_CACERT");
  const cert = readPem(reading, "REDIS_TLS_CLIENT_CERT");
  const key = readPem(reading, "REDIS_TLS_CLIENT_KEY");
  const { REDIS_TLS_CLIENT_CERT: certFile, REDIS_TLS_CLIENT_KEY: keyFile } = reading.values;
  if ((certFile === "") !== (keyFile === "")) {
    mistake(
      reading,
      "REDIS_TLS_CLIENT_CERT and REDIS_TLS_CLIENT_KEY: only one is set; accepted: both or neither",
    );
  }
  if (cert !== undefined && key !== undefined && !isPair(cert, key)) {
    mistake(
      reading,
      `REDIS_TLS_CLIENT_CERT and REDIS_TLS_CLIENT_KEY: "${certFile}" and "${keyFile}" do not belong together`,
    );
  }
  return hideSecrets({
    ca,
    cert,
    key,
    skipHostnameVerification: reading.values.REDIS_TLS_SKIP_HOSTNAME_VERIFICATION,
  });
}

/** The text of a PEM file; `undefined` when none is named, or it cannot be used, which is added to the mistakes. */
function readPem(reading: Reading, name: FileName): string | undefined {
  const path = reading.values[name];
  if (path === "") return undefined;
  const refuse = (reason: string): undefined =>
    mistake(reading, `${name}: "${path}" ${reason}; accepted: a PEM file`);
  try {
    const stats = statSync(path);
    if (!stats.isFile()) return refuse("is not a file");
    if (stats.size > pemBytesMax) return refuse(`is longer than ${pemBytesMax} bytes`);
    const pem = readFileSync(path, "utf8");
    if (name === "REDIS_TLS_CLIENT_KEY") createPrivateKey(pem);
    else new X509Certificate(pem);
    return pem;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return refuse(
      code?.startsWith("E") && !code.startsWith("ERR_")
        ? `cannot be read (${code})`
        : `holds no ${name === "REDIS_TLS_CLIENT_KEY" ? "private key" : "certificate"}`,
    );
  }
}

function isPair(cert: string, key: string): boolean {
  return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
}

function mistake({ mistakes }: Reading, line: string): undefined {
  if (!mistakes.includes(line)) mistakes.push(line);
}
