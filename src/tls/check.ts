import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { TlsFile, TlsFiles, TlsTexts } from "./tls-files.ts";

/** From when to when a certificate is good, in milliseconds since the epoch. */
export interface Validity {
  readonly file: TlsFile;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface TlsVerdict {
  /** A line for each thing that is wrong with the texts, whatever the time is. */
  readonly problems: readonly string[];
  /** Of the certificate that we show, and of the CA that is good for the longest. */
  readonly validities: readonly Validity[];
}

/** Whether PEM texts are what they should be: certificates, a key, a pair, something that OpenSSL takes. Pure. */
export function checkTls(files: TlsFiles, texts: TlsTexts): TlsVerdict {
  const problems: string[] = [];
  const chain = certificatesOf(files.cert, texts.cert, problems);
  const authorities = certificatesOf(files.ca, texts.ca, problems);
  const key = keyOf(files.key, texts.key, problems);
  const [leaf] = chain;
  if (leaf !== undefined && key !== undefined && !leaf.checkPrivateKey(key)) {
    problems.push(`${pairOf(files)} do not belong together`);
  }
  if (problems.length === 0) checkContext(files, texts, problems);
  return {
    problems,
    validities: [
      ...(leaf === undefined ? [] : validityOf(files.cert, [leaf])),
      ...validityOf(files.ca, authorities),
    ],
  };
}

/** A line for each certificate that is not good at `nowMs`. */
export function checkDates(validities: readonly Validity[], nowMs: number): readonly string[] {
  return validities.flatMap(({ file: { setting, path }, fromMs, toMs }) => {
    if (nowMs >= toMs) return [`${setting}: "${path}" expired at ${dateText(toMs)}`];
    return nowMs < fromMs ? [`${setting}: "${path}" is not valid before ${dateText(fromMs)}`] : [];
  });
}

export function dateText(ms: number): string {
  return new Date(ms).toISOString();
}

const certificatePem =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

function certificatesOf(
  file: TlsFile | undefined,
  text: string | undefined,
  problems: string[],
): readonly X509Certificate[] {
  if (file === undefined || text === undefined) return [];
  try {
    const certificates = (text.match(certificatePem) ?? []).map((pem) => new X509Certificate(pem));
    if (certificates.length > 0) return certificates;
    problems.push(`${name(file)} holds no certificate; accepted: a PEM file`);
  } catch {
    problems.push(`${name(file)} holds a broken certificate; accepted: a PEM file`);
  }
  return [];
}

function keyOf(
  file: TlsFile | undefined,
  text: string | undefined,
  problems: string[],
): KeyObject | undefined {
  if (file === undefined || text === undefined) return undefined;
  try {
    return createPrivateKey(text);
  } catch {
    problems.push(
      /-----BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/.test(text)
        ? `${name(file)} is locked by a passphrase; accepted: a key without one`
        : `${name(file)} holds no private key; accepted: a PEM file`,
    );
    return undefined;
  }
}

/** What OpenSSL finds wrong only now: keys that are too short, or certificates of the chain. */
function checkContext(files: TlsFiles, { cert, key, ca }: TlsTexts, problems: string[]): void {
  try {
    createSecureContext({ cert, key, ca });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    problems.push(`${pairOf(files)} cannot be used: ${reason}`);
  }
}

function validityOf(
  file: TlsFile | undefined,
  certificates: readonly X509Certificate[],
): readonly Validity[] {
  if (file === undefined || certificates.length === 0) return [];
  const dates = certificates.map(({ validFrom, validTo }) => ({
    fromMs: Date.parse(validFrom),
    toMs: Date.parse(validTo),
  }));
  const last = dates.reduce((latest, one) => (one.toMs > latest.toMs ? one : latest));
  return [{ file, ...last }];
}

function name({ setting, path }: TlsFile): string {
  return `${setting}: "${path}"`;
}

function pairOf({ cert, key, ca }: TlsFiles): string {
  const named = [cert, key].flatMap((file) => file ?? []);
  const those = named.length > 0 ? named : [ca].flatMap((file) => file ?? []);
  const settings = those.map(({ setting }) => setting).join(" and ");
  return `${settings}: ${those.map(({ path }) => `"${path}"`).join(" and ")}`;
}
