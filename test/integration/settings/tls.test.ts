import { credentials } from "@grpc/grpc-js";
import { describe, expect, test } from "@jest/globals";
import { Authority } from "../../support/certificates.ts";
import { cleanupAfterEach } from "../../support/cleanup.ts";
import { eventually } from "../../support/eventually.ts";
import { GrpcClient } from "../../support/grpc-client.ts";
import { get } from "../../support/http-client.ts";
import { sampleValue } from "../../support/parse-exposition.ts";
import { SecretMount } from "../../support/pem-directory.ts";
import { temporaryDirectory } from "../../support/rule-directory.ts";
import { type AppOptions, startInProcess } from "../../support/running-app.ts";
import { askOnce, trusting, tryOnce } from "../../support/tls-client.ts";

const cleanup = cleanupAfterEach();
const own = new Authority("Server CA");
const clients = new Authority("Client CA");

/** A service with TLS, and the files that it reads. */
async function start(settings: (mount: SecretMount) => AppOptions["settings"] = () => ({})) {
  const mount = new SecretMount(temporaryDirectory(), { ...own.issue(), ca: clients.cert });
  const running = await cleanup.add(
    startInProcess({
      settings: {
        GRPC_SERVER_USE_TLS: "true",
        GRPC_SERVER_TLS_CERT: mount.files.cert.path,
        GRPC_SERVER_TLS_KEY: mount.files.key.path,
        ...settings(mount),
      },
    }),
  );
  return { mount, running, port: running.app.grpcPort };
}

describe.each(["h2", "grpc-js"])("with GRPC_ENGINE=%s", (engine) => {
  const on = { GRPC_ENGINE: engine };

  test("GRPC_SERVER_USE_TLS serves what GRPC_SERVER_TLS_CERT and GRPC_SERVER_TLS_KEY name, and nothing in the clear", async () => {
    const { port } = await start(() => on);
    expect(await tryOnce(port, trusting(own))).toBe("served");
    expect(await tryOnce(port, trusting(clients))).toContain("certificate");
    expect(await tryOnce(port, credentials.createInsecure())).not.toBe("served");
  });

  test.each(["GRPC_CLIENT_TLS_CACERT", "GRPC_SERVER_TLS_CA_CERT"])(
    "%s lets in only clients with a certificate of that CA",
    async (name) => {
      const { port } = await start(({ files }) => ({ ...on, [name]: files.ca.path }));
      expect(await tryOnce(port, trusting(own, clients.issue()))).toBe("served");
      expect(await tryOnce(port, trusting(own, own.issue()))).not.toBe("served");
      expect(await tryOnce(port, trusting(own))).not.toBe("served");
    },
  );

  test("GRPC_CLIENT_TLS_SAN lets in only clients with one of the names", async () => {
    const { port } = await start(({ files }) => ({
      ...on,
      GRPC_CLIENT_TLS_CACERT: files.ca.path,
      GRPC_CLIENT_TLS_SAN: "envoy.example.com,spiffe://cluster.local/ns/gateway/sa/envoy",
    }));
    const tryAs = (...names: string[]) => tryOnce(port, trusting(own, clients.issue({ names })));
    expect(await tryAs("envoy.example.com")).toBe("served");
    expect(await tryAs("spiffe://cluster.local/ns/gateway/sa/envoy")).toBe("served");
    expect(await tryAs("other.example.com")).not.toBe("served");
  });

  test("GRPC_UDS is served with TLS too", async () => {
    const mount = new SecretMount(temporaryDirectory(), own.issue());
    const path = `${mount.directory}/grpc.sock`;
    const { running, port } = await start(() => ({ ...on, GRPC_UDS: path }));
    expect(port).toBeUndefined();
    await expect(running.ask("k=v")).rejects.toMatchObject({ code: 14 });
    const named = { "grpc.ssl_target_name_override": "localhost" };
    const client = new GrpcClient(`unix:${path}`, named, trusting(own));
    expect(await askOnce(client)).toMatchObject({ overallCode: 1 });
    client.close();
  });

  test("files that change come into force, and those that are not good are told", async () => {
    const { mount, running, port } = await start(() => on);
    const other = new Authority();
    mount.swap({ ...other.issue(), ca: clients.cert });
    await eventually(async () => (await tryOnce(port, trusting(other))) === "served");
    mount.swap({ ...own.issue(), key: own.issue().key });
    await eventually(() =>
      expect(running.log.lines).toContainEqual(
        expect.objectContaining({
          level: "error",
          message: expect.stringMatching(
            /those from before stay: GRPC_SERVER_TLS_CERT and GRPC_SERVER_TLS_KEY: .* do not belong together/,
          ),
        }),
      ),
    );
    expect(await tryOnce(port, trusting(other))).toBe("served");
  });
});

test("a reload by hand reads the files", async () => {
  const { mount, running, port } = await start();
  const other = new Authority();
  mount.swap(other.issue());
  await running.app.reload();
  expect(await tryOnce(port, trusting(other))).toBe("served");
});

test("files that are not good at the start end it, and all is told", async () => {
  const starting = start(({ directory }) => ({
    GRPC_SERVER_TLS_CERT: `${directory}/none.crt`,
    GRPC_CLIENT_TLS_CACERT: `${directory}/tls.key`,
  }));
  await expect(starting).rejects.toMatchObject({
    code: "SETTINGS_INVALID",
    message: expect.stringMatching(
      /GRPC_SERVER_TLS_CERT: ".*none\.crt" cannot be read \(ENOENT\); accepted: a PEM file$/,
    ),
  });
});

describe("what is measured", () => {
  const withClients = ({ files }: SecretMount) => ({ GRPC_CLIENT_TLS_CACERT: files.ca.path });

  test("is when each certificate in force expires", async () => {
    const { mount, running } = await start(withClients);
    const to = new Date(2040, 0, 1);
    mount.swap({
      ...own.issue({ to }),
      ca: new Authority("CA", { to: new Date(2041, 0, 1) }).cert,
    });
    await eventually(async () => {
      const metrics = await running.metrics();
      const expiry = (setting: string) =>
        sampleValue(metrics, "velocitygate_tls_certificate_expiry_timestamp_seconds", { setting });
      expect(expiry("GRPC_SERVER_TLS_CERT")).toBe(to.getTime() / 1000);
      expect(expiry("GRPC_CLIENT_TLS_CACERT")).toBe(new Date(2041, 0, 1).getTime() / 1000);
    });
  });

  test("are files that came into force and those that were refused, under the reference's names as well", async () => {
    const { mount, running } = await start(withClients);
    const read = async () => {
      const metrics = await running.metrics();
      const reloads = (outcome: string) =>
        sampleValue(metrics, "velocitygate_tls_reloads_total", { use: "grpc", outcome });
      return {
        loaded: reloads("loaded"),
        refused: reloads("refused"),
        isGood: sampleValue(metrics, "velocitygate_tls_last_reload_successful", { use: "grpc" }),
        attempts: sampleValue(metrics, "certs_load_attempts"),
        failures: sampleValue(metrics, "certs_load_failures"),
      };
    };
    expect(await read()).toEqual({ loaded: 0, refused: 0, isGood: 1, attempts: 1, failures: 0 });
    mount.swap({ ...own.issue(), ca: clients.cert });
    await eventually(async () => expect(await read()).toMatchObject({ loaded: 1, refused: 0 }));
    mount.swap({ ca: clients.cert });
    await eventually(async () =>
      expect(await read()).toEqual({ loaded: 1, refused: 1, isGood: 0, attempts: 3, failures: 1 }),
    );
    const { body: stats } = await get(running.app.debugPort, "/stats");
    expect(stats).toContain("certs.load_attempts: 3\ncerts.load_failures: 1\n");
    mount.swap({ ...own.issue(), ca: clients.cert });
    await eventually(async () => expect(await read()).toMatchObject({ loaded: 2, isGood: 1 }));
  });

  test("are clients that were refused, by reason; the log tells of one and not of each", async () => {
    const { running, port } = await start((mount) => ({
      ...withClients(mount),
      GRPC_CLIENT_TLS_SAN: "envoy",
    }));
    for (let i = 0; i < 5; i++) await tryOnce(port, trusting(own));
    await tryOnce(port, trusting(own, clients.issue({ names: ["other"] })));
    await tryOnce(port, trusting(own, own.issue()));
    const metrics = await running.metrics();
    const refusals = (reason: string) =>
      sampleValue(metrics, "velocitygate_grpc_tls_refusals_total", { reason });
    expect(refusals("no_certificate")).toBe(5);
    expect(refusals("name")).toBe(1);
    expect(refusals("untrusted")).toBe(1);
    expect(refusals("expired")).toBe(0);
    const told = running.log.lines.filter(({ message }) => message.includes("was refused"));
    expect(told).toHaveLength(3);
    expect(told[1]).toEqual({
      level: "warn",
      message:
        "a client of the gRPC port was refused: its certificate (DNS:other) has none of the names that are asked for",
      fields: { reason: "name", client: "127.0.0.1", refusedSinceLastTold: undefined },
    });
  });
});
