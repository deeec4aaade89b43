import { setTimeout as delay } from "node:timers/promises";
import { connect } from "node:tls";
import { credentials } from "@grpc/grpc-js";
import type { Authority, Identity } from "./certificates.ts";
import { eventually } from "./eventually.ts";
import { GrpcClient } from "./grpc-client.ts";
import type { SecretMount } from "./pem-directory.ts";

export interface RotationOptions {
  readonly port: number;
  /** Whose files the server reads: a certificate for localhost, and the CA of its clients. */
  readonly mount: SecretMount;
  /** Signs both sides. */
  readonly authority: Authority;
  readonly changes: number;
  /** One call, which fails when it rejects. */
  readonly ask: (client: GrpcClient) => Promise<unknown>;
}

export interface RotationResult {
  /** Calls that were answered, on connections that stood all the time and on new ones. */
  readonly calls: number;
  readonly connections: number;
  readonly failures: readonly string[];
}

const standingConnections = 5;
/** Clients that call without a pause would only keep the machine from changing certificates. */
const callEveryMs = 5;
const connectEveryMs = 50;
const seenWithinMs = 20_000;

/**
 * Changes the server's certificate again and again by swaps of `..data`, each as soon as new connections have seen the one before,
 * while clients call all along: on connections that stand, and on new ones.
 */
export async function rotate(options: RotationOptions): Promise<RotationResult> {
  const { mount, authority, changes, ask } = options;
  const shown = authority.issue({ names: ["client"] });
  const over = new AbortController();
  const failures: string[] = [];
  let calls = 0;
  let connections = 0;
  const call = async (client: GrpcClient) => {
    try {
      await ask(client);
      calls += 1;
    } catch (error) {
      failures.push(String(error));
    }
  };
  const standing = Array.from({ length: standingConnections }, async () => {
    const client = clientOf(options, shown);
    while (!over.signal.aborted) {
      await call(client);
      await delay(callEveryMs);
    }
    client.close();
  });
  const coming = (async () => {
    while (!over.signal.aborted) {
      const client = clientOf(options, shown);
      await call(client);
      connections += 1;
      client.close();
      await delay(connectEveryMs);
    }
  })();
  try {
    for (let change = 0; change < changes; change++) {
      const next = authority.issue();
      mount.swap({ ...next, ca: authority.cert });
      await eventually(async () => (await certificateOf(options, shown)) === next.cert.trim(), {
        timeoutMs: seenWithinMs,
        intervalMs: 10,
      });
    }
  } finally {
    over.abort();
    await Promise.all([...standing, coming]);
  }
  return { calls, connections, failures };
}

function clientOf({ port, authority }: RotationOptions, { cert, key }: Identity): GrpcClient {
  const [ca, keyPem, certPem] = [authority.cert, key, cert].map((text) => Buffer.from(text));
  const trust = credentials.createSsl(ca, keyPem, certPem);
  return new GrpcClient(`localhost:${port}`, {}, trust);
}

/** What a new connection is shown. */
async function certificateOf({ port, authority }: RotationOptions, shown: Identity) {
  const socket = connect({
    ...shown,
    host: "127.0.0.1",
    port,
    servername: "localhost",
    ca: authority.cert,
    ALPNProtocols: ["h2"],
  });
  try {
    return await new Promise<string | undefined>((resolve, reject) => {
      socket.once("secureConnect", () =>
        resolve(socket.getPeerX509Certificate()?.toString().trim()),
      );
      socket.once("error", reject);
    });
  } finally {
    socket.on("error", () => undefined).destroy();
  }
}
