import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { checkDates, checkTls } from "../../../src/tls/check.ts";
import type { TlsTexts } from "../../../src/tls/tls-files.ts";
import { Authority } from "../../support/certificates.ts";

const files = {
  cert: { setting: "CERT", path: "/certs/tls.crt" },
  key: { setting: "KEY", path: "/certs/tls.key" },
  ca: { setting: "CA", path: "/certs/ca.crt" },
};
const authority = new Authority();
const good = { ...authority.issue(), ca: authority.cert };
const problemsOf = (texts: Partial<TlsTexts>) => checkTls(files, { ...good, ...texts }).problems;

describe("PEM texts", () => {
  test("that belong together have no problem", () => {
    expect(problemsOf({})).toEqual([]);
    expect(problemsOf({ cert: good.cert + authority.cert })).toEqual([]);
    expect(problemsOf({ ca: `# two\n${authority.cert}${new Authority().cert}` })).toEqual([]);
  });

  test("may be a CA alone", () => {
    const texts = { cert: undefined, key: undefined, ca: authority.cert };
    expect(checkTls({ ...files, cert: undefined, key: undefined }, texts).problems).toEqual([]);
  });

  const [head = "", ...rest] = good.cert.split("\n");
  const broken = [head, ...rest.slice(1)].join("\n");
  const locked = generateKeyPairSync("ec", { namedCurve: "P-256" })
    .privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" })
    .toString();
  const short = generateKeyPairSync("rsa", { modulusLength: 512 }).privateKey;

  test.each<[string, Partial<TlsTexts>, readonly string[]]>([
    [
      "is empty",
      { cert: "" },
      ['CERT: "/certs/tls.crt" holds no certificate; accepted: a PEM file'],
    ],
    [
      "is a key where a certificate should be",
      { cert: good.key },
      ['CERT: "/certs/tls.crt" holds no certificate; accepted: a PEM file'],
    ],
    [
      "has lost a line",
      { cert: broken },
      ['CERT: "/certs/tls.crt" holds a broken certificate; accepted: a PEM file'],
    ],
    [
      "has lost a line of the chain",
      { cert: good.cert + broken },
      ['CERT: "/certs/tls.crt" holds a broken certificate; accepted: a PEM file'],
    ],
    [
      "is a certificate where a key should be",
      { key: good.cert },
      ['KEY: "/certs/tls.key" holds no private key; accepted: a PEM file'],
    ],
    [
      "is locked",
      { key: locked },
      ['KEY: "/certs/tls.key" is locked by a passphrase; accepted: a key without one'],
    ],
    [
      "is the key of another certificate",
      { key: authority.issue().key },
      ['CERT and KEY: "/certs/tls.crt" and "/certs/tls.key" do not belong together'],
    ],
    [
      "has two mistakes",
      { key: short.export({ type: "pkcs8", format: "pem" }).toString(), ca: "nothing" },
      [
        'CA: "/certs/ca.crt" holds no certificate; accepted: a PEM file',
        'CERT and KEY: "/certs/tls.crt" and "/certs/tls.key" do not belong together',
      ],
    ],
  ])("one that %s is told, with its setting and its path", (_what, texts, problems) => {
    expect(problemsOf(texts)).toEqual(problems);
  });
});

describe("the dates", () => {
  const at = (text: string) => Date.parse(text);
  const certificate = (from: string, to: string) =>
    new Authority("CA", { from: new Date(from), to: new Date(to) }).cert;
  const year2026 = certificate("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
  const year2027 = certificate("2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z");
  const onlyCa = { ...files, cert: undefined, key: undefined };
  const validitiesOf = (ca: string) =>
    checkTls(onlyCa, { cert: undefined, key: undefined, ca }).validities;

  test("are those of the CA that is good for the longest", () => {
    const expected = [
      { file: files.ca, fromMs: at("2027-01-01T00:00:00Z"), toMs: at("2028-01-01T00:00:00Z") },
    ];
    expect(validitiesOf(year2026 + year2027)).toEqual(expected);
    expect(validitiesOf(year2027 + year2026)).toEqual(expected);
  });

  test("are those of the certificate itself, not of its chain", () => {
    const identity = authority.issue({ to: new Date("2050-06-01T00:00:00Z") });
    const { validities } = checkTls(files, { ...identity, ca: authority.cert });
    expect(validities).toHaveLength(2);
    expect(validities[0]).toMatchObject({ file: files.cert, toMs: at("2050-06-01T00:00:00Z") });
  });

  test.each([
    ["2026-01-01T00:00:00Z", []],
    ["2026-12-31T23:59:59Z", []],
    ["2027-01-01T00:00:00Z", ['CA: "/certs/ca.crt" expired at 2027-01-01T00:00:00.000Z']],
    ["2025-12-31T23:59:59Z", ['CA: "/certs/ca.crt" is not valid before 2026-01-01T00:00:00.000Z']],
  ])("at %s, what is wrong with them is %j", (now, problems) => {
    expect(checkDates(validitiesOf(year2026), at(now))).toEqual(problems);
  });
});
