import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIPv4 } from "node:net";
import { bits, der, oid, pem, sequence, Tag, time } from "./der.ts";

/** A certificate and its key, as PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  readonly commonName?: string;
  /** Host names, IPv4 addresses and URIs. */
  readonly names?: readonly string[];
  readonly from?: Date;
  readonly to?: Date;
  /** What it is for; `undefined`: both. */
  readonly purpose?: "client" | "server";
}

const hourMs = 3_600_000;
const ecdsaWithSha256 = sequence(oid("1.2.840.10045.4.3.2"));

/** A certificate authority that lives as long as a test. Makes certificates (ECDSA P-256) in about a millisecond each. */
export class Authority {
  readonly cert: string;
  readonly #name: string;
  readonly #key: KeyObject;

  constructor(name = "Test CA", options: Pick<CertificateOptions, "from" | "to"> = {}) {
    const { publicKey, privateKey } = newKeys();
    this.#name = name;
    this.#key = privateKey;
    const extensions = [
      extension("2.5.29.19", true, sequence(der(Tag.BOOLEAN, Buffer.of(0xff)))),
      // keyCertSign, cRLSign
      extension("2.5.29.15", true, bits(Buffer.of(0x06), 1)),
    ];
    this.cert = this.#sign(name, publicKey, extensions, options);
  }

  issue(options: CertificateOptions = {}): Identity {
    const { publicKey, privateKey } = newKeys();
    const { commonName = "test", names = ["localhost", "127.0.0.1"] } = options;
    const extensions = [
      // digitalSignature
      extension("2.5.29.15", true, bits(Buffer.of(0x80), 7)),
      extension("2.5.29.37", false, sequence(...purposes(options.purpose))),
      ...(names.length === 0
        ? []
        : [extension("2.5.29.17", false, sequence(...names.map(generalName)))]),
    ];
    return {
      cert: this.#sign(commonName, publicKey, extensions, options),
      key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    };
  }

  #sign(
    subject: string,
    key: KeyObject,
    extensions: readonly Buffer[],
    { from, to }: Pick<CertificateOptions, "from" | "to">,
  ): string {
    const content = sequence(
      der(0xa0, der(Tag.INTEGER, Buffer.of(2))),
      der(Tag.INTEGER, Buffer.of(0x40), randomBytes(15)),
      ecdsaWithSha256,
      nameOf(this.#name),
      sequence(
        time(from ?? new Date(Date.now() - hourMs)),
        time(to ?? new Date(Date.now() + 24 * hourMs)),
      ),
      nameOf(subject),
      key.export({ type: "spki", format: "der" }),
      der(0xa3, sequence(...extensions)),
    );
    const signature = sign("sha256", content, this.#key);
    return pem("CERTIFICATE", sequence(content, ecdsaWithSha256, bits(signature)));
  }
}

function newKeys() {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function nameOf(commonName: string): Buffer {
  const attribute = sequence(oid("2.5.4.3"), der(Tag.UTF8_STRING, Buffer.from(commonName)));
  return sequence(der(Tag.SET, attribute));
}

function extension(id: string, isCritical: boolean, value: Buffer): Buffer {
  const critical = isCritical ? [der(Tag.BOOLEAN, Buffer.of(0xff))] : [];
  return sequence(oid(id), ...critical, der(Tag.OCTET_STRING, value));
}

function purposes(purpose: CertificateOptions["purpose"]): readonly Buffer[] {
  const server = oid("1.3.6.1.5.5.7.3.1");
  const client = oid("1.3.6.1.5.5.7.3.2");
  if (purpose === undefined) return [server, client];
  return [purpose === "client" ? client : server];
}

function generalName(name: string): Buffer {
  if (name.includes("://")) return der(0x86, Buffer.from(name));
  if (isIPv4(name)) return der(0x87, Buffer.from(name.split(".").map(Number)));
  return der(0x82, Buffer.from(name));
}
