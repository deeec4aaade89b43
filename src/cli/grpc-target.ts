import { readFileSync } from "node:fs";
import { type ChannelOptions, Client, credentials, type ServiceError } from "@grpc/grpc-js";
import { UsageError } from "./command.ts";

/** The options of commands that call the service over gRPC, for `parseArgs`. Those of TLS are named as those of grpc_health_probe. */
export const targetOptions = {
  address: { type: "string", default: "localhost:8081" },
  timeout: { type: "string", default: "2000" },
  tls: { type: "boolean", default: false },
  "tls-ca-cert": { type: "string" },
  "tls-client-cert": { type: "string" },
  "tls-client-key": { type: "string" },
  "tls-server-name": { type: "string" },
  "tls-no-verify": { type: "boolean", default: false },
} as const;

export const targetUsage = `  --address HOST:PORT        where the service listens, or unix:PATH (default localhost:8081)
  --timeout MS               how long to wait for an answer (default 2000)
  --tls                      by TLS; each of the following means it, too
  --tls-ca-cert FILE         the CA of the service, instead of those that Node trusts
  --tls-client-cert FILE     shows this certificate
  --tls-client-key FILE      its key
  --tls-server-name NAME     the name in the service's certificate, when it is not the host of the address
  --tls-no-verify            talks to anybody
`;

/** What `parseArgs` makes of `targetOptions`. */
export interface TargetValues {
  readonly address: string;
  readonly timeout: string;
  readonly tls: boolean;
  readonly "tls-ca-cert"?: string | undefined;
  readonly "tls-client-cert"?: string | undefined;
  readonly "tls-client-key"?: string | undefined;
  readonly "tls-server-name"?: string | undefined;
  readonly "tls-no-verify": boolean;
}

/** A client of the service, and how long a call may take. */
export interface GrpcTarget {
  readonly client: Client;
  readonly timeoutMs: number;
}

/** @throws UsageError that says which option is wrong */
export function openTarget(values: TargetValues): GrpcTarget {
  const timeoutMs = timeoutOf(values);
  // Node warns of a server name that is an address, which grpc-js makes of the target.
  process.noDeprecation = true;
  const name = values["tls-server-name"];
  const options: ChannelOptions =
    name === undefined
      ? {}
      : { "grpc.ssl_target_name_override": name, "grpc.default_authority": name };
  return { client: new Client(values.address, credentialsOf(values), options), timeoutMs };
}

/** In milliseconds. @throws UsageError */
export function timeoutOf({ timeout }: Pick<TargetValues, "timeout">): number {
  return wholeNumber("--timeout", timeout, 1, 3_600_000);
}

function credentialsOf(values: TargetValues) {
  const ca = readPem("--tls-ca-cert", values["tls-ca-cert"]);
  const cert = readPem("--tls-client-cert", values["tls-client-cert"]);
  const key = readPem("--tls-client-key", values["tls-client-key"]);
  const isNamed = values["tls-server-name"] !== undefined;
  const usesTls = values.tls || values["tls-no-verify"] || isNamed || Boolean(ca ?? cert ?? key);
  if (!usesTls) return credentials.createInsecure();
  if ((cert === null) !== (key === null)) {
    throw new UsageError("--tls-client-cert and --tls-client-key go together");
  }
  try {
    return credentials.createSsl(ca, key, cert, { rejectUnauthorized: !values["tls-no-verify"] });
  } catch (error) {
    throw new UsageError(`the files of TLS cannot be used: ${reasonOf(error)}`, { cause: error });
  }
}

function readPem(option: string, path: string | undefined): Buffer | null {
  if (path === undefined) return null;
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`${option}: cannot read ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new UsageError(`${option} is «${text}»: a whole number from ${min} to ${max} is accepted`);
}

/** Why a call failed, for people. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { details } = error as Partial<ServiceError>;
  const text = details === undefined || details === "" ? error.message : details;
  return text.replace(/\. Resolution note: $/, "");
}
