import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { runBuilt } from "../../support/run-node.ts";
import { startGate } from "../../support/velocitygate.ts";

test("ratelimit_client asks over TLS, with the CA, the certificate and the key that it is given", async () => {
  const pem = (name: string) => join(import.meta.dirname, "../../support/tls", name);
  const secure = await startGate({
    settings: {
      GRPC_SERVER_USE_TLS: "true",
      GRPC_SERVER_TLS_CERT: pem("server.crt"),
      GRPC_SERVER_TLS_KEY: pem("server.key"),
      GRPC_CLIENT_TLS_CACERT: pem("ca.crt"),
    },
  });
  const given = {
    "-grpc-server-ca-file": pem("ca.crt"),
    "-grpc-cert-file": pem("client.crt"),
    "-grpc-key-file": pem("client.key"),
  };
  const askWith = async (flags: Readonly<Record<string, string>>, ...more: string[]) =>
    (
      await runBuilt("cli/reference/client.js", [
        `-dial_string=127.0.0.1:${secure.grpcPort}`,
        ...["-domain=d", "-descriptors=k=v", ...more],
        ...Object.entries(flags).map(([name, value]) => `${name}=${value}`),
      ])
    ).exit.code;
  try {
    expect(await askWith(given, "-grpc-use-tls")).toBe(0);
    expect(await askWith(given)).toBe(1);
    expect(
      await askWith({ ...given, "-grpc-server-ca-file": pem("elsewhere.crt") }, "-grpc-use-tls"),
    ).toBe(1);
    const { "-grpc-server-ca-file": ca } = given;
    expect(await askWith({ "-grpc-server-ca-file": ca }, "-grpc-use-tls")).toBe(1);
  } finally {
    await secure.stop();
  }
}, 60_000);
