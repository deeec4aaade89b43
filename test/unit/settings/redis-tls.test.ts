import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, expect, test } from "@jest/globals";
import { readSettings } from "../../../src/settings.ts";
import { mistakesOf } from "../../support/settings.ts";

/** Self-signed, for these tests only. */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBhDCCASmgAwIBAgIUdau1oUZPJFPj408wD3tv85eamkMwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLb25lLmV4YW1wbGUwIBcNMjYxMTI0MTAyNzMzWhgPMjEyNjEw
MzExMDI3MzNaMBYxFDASBgNVBAMMC29uZS5leGFtcGxlMFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEJ5DqSTtkVcNbdY7oosgX3JbTI2v2d5q7tTdBFgw00uG8XDd+
f7dIkYOOXNqTepqkKj3X8LcsjY4GfmGCKpBdhqNTMFEwHQYDVR0OBBYEFJXZknPi
XuEOLxdSFmX4rFJ/4iu2MB8GA1UdIwQYMBaAFJXZknPiXuEOLxdSFmX4rFJ/4iu2
MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAKibWI6tMWhVSbDM
Xg+tCX2H4gxoCcpMdmpR+e0bcqp0AiEAqaw66DPAkoqhwLthRPSh5hufqUyNjKnP
mCRr7lle+ys=
-----END CERTIFICATE-----
`;
const itsKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg0ug5LrynWJNijGZO
IdQ6gKBlw9Onfjymki3oCKdM34ahRANCAAQnkOpJO2RVw1t1juiiyBfcltMja/Z3
mru1N0EWDDTS4bxcN35/t0iRg45c2pN6mqQqPdfwtyyNjgZ+YYIqkF2G
-----END PRIVATE KEY-----
`;

const directory = mkdtempSync(join(tmpdir(), "velocitygate-pem-"));
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

const cert = file("cert.pem", certificate);
const key = file("key.pem", itsKey);
const otherKey = file(
  "other-key.pem",
  generateKeyPairSync("ec", { namedCurve: "P-256" })
    .privateKey.export({ type: "pkcs8", format: "pem" })
    .toString(),
);
const noPem = file("no.pem", "-----BEGIN NOTHING-----");

const withTls = { REDIS_URL: "redis:6379", REDIS_TLS: "true" };
const tlsOf = (env: Readonly<Record<string, string>>) =>
  readSettings({ ...withTls, ...env }).store.redis?.tls;

test("without files, the CAs that Node trusts count and no certificate is shown", () => {
  expect(tlsOf({})).toEqual({
    ca: undefined,
    cert: undefined,
    key: undefined,
    skipHostnameVerification: false,
  });
});

test("the files' texts are read, and the key is in no dump", () => {
  const settings = readSettings({
    ...withTls,
    REDIS_TLS_CACERT: cert,
    REDIS_TLS_CLIENT_CERT: cert,
    REDIS_TLS_CLIENT_KEY: key,
    REDIS_TLS_SKIP_HOSTNAME_VERIFICATION: "true",
  });
  expect(settings.store.redis?.tls).toEqual({
    ca: certificate,
    cert: certificate,
    key: itsKey,
    skipHostnameVerification: true,
  });
  expect(inspect(settings, { depth: 10 })).not.toContain("PRIVATE KEY");
  expect(JSON.stringify(settings)).not.toContain("PRIVATE KEY");
});

test("the Redis of the counters of a second has the same files", () => {
  const { store } = readSettings({
    REDIS_URL: "redis:6379",
    REDIS_TLS_CACERT: cert,
    REDIS_PERSECOND: "true",
    REDIS_PERSECOND_URL: "other:6379",
    REDIS_PERSECOND_TLS: "true",
  });
  expect(store.redis?.tls).toBeUndefined();
  expect(store.perSecond?.tls?.ca).toBe(certificate);
});

test("files are not looked at without TLS", () => {
  expect(readSettings({ REDIS_URL: "redis:6379", REDIS_TLS_CACERT: "/none" }).warnings).toEqual([]);
});

test.each<[string, Readonly<Record<string, string>>, string]>([
  [
    "a file that is not there",
    { REDIS_TLS_CACERT: join(directory, "none") },
    `REDIS_TLS_CACERT: "${join(directory, "none")}" cannot be read (ENOENT); accepted: a PEM file`,
  ],
  [
    "a directory",
    { REDIS_TLS_CACERT: directory },
    `REDIS_TLS_CACERT: "${directory}" is not a file; accepted: a PEM file`,
  ],
  [
    "a file without a certificate",
    { REDIS_TLS_CACERT: noPem },
    `REDIS_TLS_CACERT: "${noPem}" holds no certificate; accepted: a PEM file`,
  ],
  [
    "a file without a key",
    { REDIS_TLS_CLIENT_CERT: cert, REDIS_TLS_CLIENT_KEY: noPem },
    `REDIS_TLS_CLIENT_KEY: "${noPem}" holds no private key; accepted: a PEM file`,
  ],
  [
    "a certificate without its key",
    { REDIS_TLS_CLIENT_CERT: cert },
    "REDIS_TLS_CLIENT_CERT and REDIS_TLS_CLIENT_KEY: only one is set; accepted: both or neither",
  ],
  [
    "the key of another certificate",
    { REDIS_TLS_CLIENT_CERT: cert, REDIS_TLS_CLIENT_KEY: otherKey },
    `REDIS_TLS_CLIENT_CERT and REDIS_TLS_CLIENT_KEY: "${cert}" and "${otherKey}" do not belong together`,
  ],
])("%s is a mistake, told once for both Redis", (_what, env, mistake) => {
  expect(
    mistakesOf({
      ...withTls,
      REDIS_PERSECOND: "true",
      REDIS_PERSECOND_URL: "other:6379",
      REDIS_PERSECOND_TLS: "true",
      ...env,
    }),
  ).toEqual([mistake]);
});

test("TLS on a Unix socket is a mistake, as there would be none", () => {
  expect(mistakesOf({ REDIS_TLS: "true", REDIS_URL: "/run/redis.sock" })).toEqual([
    "REDIS_TLS: there is no TLS on a Unix socket, which REDIS_URL is; accepted: false",
  ]);
});
