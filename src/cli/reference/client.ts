#!/usr/bin/env node
/** ratelimit_client: asks one question, by the reference's command line and with its output and its exit codes. */
import { readFileSync } from "node:fs";
import {
  type ChannelCredentials,
  Client,
  credentials,
  status as grpcStatus,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { RateLimitRequest, RateLimitResponse } from "../../gen/envoy/service/ratelimit/v3/rls.ts";
import type { Entry } from "../../limits/descriptor.ts";
import { readClientTracing } from "../../settings.ts";
import { type GivenFlags, type GoFlags, namesOf, parseGoFlags } from "./go-flags.ts";
import { goQuote } from "./go-quote.ts";
import { responseText } from "./response-text.ts";

const path = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

const flags: GoFlags = {
  dial_string: {
    kind: "string",
    usage: "url of ratelimit server in <host>:<port> form",
    default: "localhost:8081",
  },
  domain: { kind: "string", usage: "rate limit configuration domain to query" },
  descriptors: {
    kind: "values",
    usage: "descriptor list to query in <key>=<value>,<key>=<value>,... form",
    refuse: (text) => (entriesOf(text) === undefined ? "invalid descriptor list" : undefined),
  },
  "oltp-protocol": {
    kind: "string",
    usage:
      "protocol to use when exporting tracing span, accept http, grpc or empty (disable tracing) as value, please use OLTP environment variables to set endpoint (refer to README.MD)",
  },
  "grpc-server-ca-file": {
    kind: "string",
    usage: "path to the server CA file for TLS connection",
  },
  "grpc-use-tls": { kind: "boolean", usage: "Use TLS for connection to server" },
  "grpc-cert-file": { kind: "string", usage: "path to the client cert file for TLS connection" },
  "grpc-key-file": { kind: "string", usage: "path to the client key for TLS connection" },
};

process.exitCode = await run(process.argv[1] ?? "", process.argv.slice(2));

/** @returns 0 answered, whatever the answer; 1 not answered; 2 not understood. */
async function run(program: string, args: readonly string[]): Promise<number> {
  const given = parseGoFlags(program, flags, args);
  if ("exitCode" in given) {
    process.stderr.write(given.text);
    return given.exitCode;
  }
  const descriptors = (given.values.get("descriptors") ?? []).map((text) => entriesOf(text) ?? []);
  for (const name of namesOf(flags))
    say(`Flag: --${name}=${goQuote(shown(name, given, descriptors))}`);

  const text = (name: string) => given.strings.get(name) ?? "";
  const protocol = text("oltp-protocol");
  if (protocol !== "" && protocol !== "http" && protocol !== "grpc") {
    say(`Invalid otlptrace client protocol: ${protocol}`);
    return 2;
  }
  let channel: ChannelCredentials;
  try {
    channel = channelCredentials(given);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
  const ask = (metadata: Metadata) => {
    const client = new Client(text("dial_string"), channel);
    return call(client, requestOf(text("domain"), descriptors), metadata).finally(() =>
      client.close(),
    );
  };
  try {
    const answer = protocol === "" ? await ask(new Metadata()) : await askTraced(protocol, ask);
    say(`response: ${responseText(answer)}`);
    return 0;
  } catch (error) {
    say(`request error: ${errorText(error)}`);
    return 1;
  }
}

/** Tracing, when it is asked for, is loaded then. */
async function askTraced(
  protocol: "http" | "grpc",
  ask: (metadata: Metadata) => Promise<RateLimitResponse>,
): Promise<RateLimitResponse> {
  const { inClientSpan } = await import("../../tracing/client-span.ts");
  return inClientSpan(readClientTracing(protocol), path, (headers) => {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    return ask(metadata);
  });
}

/** `key=value,key=value`, with one equals sign in each; `undefined`: it is not. */
function entriesOf(text: string): readonly Entry[] | undefined {
  const entries: Entry[] = [];
  for (const pair of text.split(",")) {
    const [key, value, ...more] = pair.split("=");
    if (key === undefined || value === undefined || more.length > 0) return undefined;
    entries.push({ key, value });
  }
  return entries;
}

function shown(
  name: string,
  { strings, booleans }: GivenFlags,
  descriptors: readonly (readonly Entry[])[],
): string {
  if (name !== "descriptors") return strings.get(name) ?? String(booleans.get(name));
  return descriptors
    .map(
      (entries) =>
        `[${entries.map(({ key, value }) => ` <key=${key}, value=${value}> `).join("")}] `,
    )
    .join("");
}

function requestOf(domain: string, descriptors: readonly (readonly Entry[])[]): RateLimitRequest {
  return {
    domain,
    descriptors: descriptors.map((entries) => ({
      entries: [...entries],
      limit: undefined,
      hitsAddend: undefined,
      isNegativeHits: false,
    })),
    hitsAddend: 1,
  };
}

/** @throws Error when a file cannot be used; the reference crashes with this text. */
function channelCredentials({ strings, booleans }: GivenFlags): ChannelCredentials {
  if (booleans.get("grpc-use-tls") !== true) return credentials.createInsecure();
  const caFile = strings.get("grpc-server-ca-file") ?? "";
  const certFile = strings.get("grpc-cert-file") ?? "";
  const keyFile = strings.get("grpc-key-file") ?? "";
  const hasPair = certFile !== "" && keyFile !== "";
  try {
    return credentials.createSsl(
      caFile === "" ? null : readFileSync(caFile),
      hasPair ? readFileSync(keyFile) : null,
      hasPair ? readFileSync(certFile) : null,
    );
  } catch (cause) {
    throw new Error(`failed to load the TLS files: ${String(cause)}`, { cause });
  }
}

/** Without a deadline, as the reference's. */
function call(
  client: Client,
  request: RateLimitRequest,
  metadata: Metadata,
): Promise<RateLimitResponse> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      (message: RateLimitRequest) => Buffer.from(RateLimitRequest.encode(message).finish()),
      (bytes: Buffer) => RateLimitResponse.decode(bytes),
      request,
      metadata,
      (error, answer) => (answer === undefined ? reject(error) : resolve(answer)),
    );
  });
}

/** As Go's library says it. */
function errorText(error: unknown): string {
  const { code, details } = error as Partial<ServiceError>;
  if (code === undefined) return String(error);
  return `rpc error: code = ${codeName(code)} desc = ${(details ?? "").trim()}`;
}

/** `DEADLINE_EXCEEDED` is `DeadlineExceeded` in Go, and `CANCELLED` has one L. */
function codeName(code: number): string {
  if (code === grpcStatus.CANCELLED) return "Canceled";
  const name = grpcStatus[code] ?? `Code(${code})`;
  return name.replace(/[A-Z_]+/, (words) =>
    words
      .split("_")
      .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
      .join(""),
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
