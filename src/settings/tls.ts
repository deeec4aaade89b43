import type { GrpcTlsSettings, RedisTlsSettings, StoreSettings } from "../settings.ts";
import type { TlsFile, TlsFiles, TlsSettings } from "../tls/tls-files.ts";
import type { XdsTlsSettings } from "../xds/xds-settings.ts";
import type { SettingName } from "./table.ts";
import type { Reading } from "./values.ts";

/** The settings that name the files of one use. */
interface FileNames {
  readonly cert: SettingName;
  readonly key: SettingName;
  readonly ca: SettingName;
}

/** The files that are read: of what does not use TLS none are. */
export function tlsSettings(reading: Reading, uses: Uses): TlsSettings {
  const { grpc, redis, perSecond, memcache, xds } = uses;
  const usesRedisTls = redis?.tls !== undefined || perSecond?.tls !== undefined;
  return {
    ...(grpc !== undefined && { grpc: tlsFiles(reading, grpcNames(reading)) }),
    ...(usesRedisTls && { redis: clientTlsFiles(reading, redisNames) }),
    ...(xds !== undefined && { xds: clientTlsFiles(reading, xdsNames) }),
    ...(memcache?.tls && { memcache: clientTlsFiles(reading, memcacheNames) }),
  };
}

/** What may use TLS; `undefined` where it does not. */
interface Uses extends Pick<StoreSettings, "redis" | "perSecond" | "memcache"> {
  readonly grpc: GrpcTlsSettings | undefined;
  readonly xds: XdsTlsSettings | undefined;
}

const redisNames = {
  cert: "REDIS_TLS_CLIENT_CERT",
  key: "REDIS_TLS_CLIENT_KEY",
  ca: "REDIS_TLS_CACERT",
} as const satisfies FileNames;

const xdsNames = {
  cert: "CONFIG_GRPC_XDS_CLIENT_TLS_CERT",
  key: "CONFIG_GRPC_XDS_CLIENT_TLS_KEY",
  ca: "CONFIG_GRPC_XDS_SERVER_TLS_CACERT",
} as const satisfies FileNames;

const memcacheNames = {
  cert: "MEMCACHE_TLS_CLIENT_CERT",
  key: "MEMCACHE_TLS_CLIENT_KEY",
  ca: "MEMCACHE_TLS_CACERT",
} as const satisfies FileNames;

/** Envoy Gateway names the CA of its clients as nobody else does. */
function grpcNames({ values }: Reading): FileNames {
  return {
    cert: "GRPC_SERVER_TLS_CERT",
    key: "GRPC_SERVER_TLS_KEY",
    ca: values.GRPC_CLIENT_TLS_CACERT === "" ? "GRPC_SERVER_TLS_CA_CERT" : "GRPC_CLIENT_TLS_CACERT",
  };
}

/** TLS of the gRPC port; `undefined`: it is in the clear. Mistakes are added to the reading. */
export function grpcTlsSettings(reading: Reading): GrpcTlsSettings | undefined {
  const { values, given, mistakes, warnings } = reading;
  if (!values.GRPC_SERVER_USE_TLS) {
    for (const name of grpcFileNames) {
      if (given.has(name) && values[name] !== "") {
        warnings.push(`${name} has no effect: GRPC_SERVER_USE_TLS is false`);
      }
    }
    return undefined;
  }
  for (const name of ["GRPC_SERVER_TLS_CERT", "GRPC_SERVER_TLS_KEY"] as const) {
    if (values[name] === "") {
      mistakes.push(`${name}: is not set, and GRPC_SERVER_USE_TLS needs it; accepted: a PEM file`);
    }
  }
  const clientNames = values.GRPC_CLIENT_TLS_SAN;
  if (clientNames.length > 0 && values[grpcNames(reading).ca] === "") {
    mistakes.push(
      "GRPC_CLIENT_TLS_SAN: no certificate is asked for without GRPC_CLIENT_TLS_CACERT; accepted: nothing, or both",
    );
  }
  return { clientNames };
}

const grpcFileNames = [
  "GRPC_SERVER_TLS_CERT",
  "GRPC_SERVER_TLS_KEY",
  "GRPC_SERVER_TLS_CA_CERT",
  "GRPC_CLIENT_TLS_CACERT",
] as const;

export function redisTlsSettings({ values }: Reading): RedisTlsSettings {
  return { skipHostnameVerification: values.REDIS_TLS_SKIP_HOSTNAME_VERIFICATION };
}

/** The files of a client. A certificate without its key, or the other way round, is a mistake. */
export function clientTlsFiles(reading: Reading, names: FileNames): TlsFiles {
  const files = tlsFiles(reading, names);
  if ((files.cert === undefined) !== (files.key === undefined)) {
    reading.mistakes.push(
      `${names.cert} and ${names.key}: only one is set; accepted: both or neither`,
    );
  }
  return files;
}

function tlsFiles({ values }: Reading, { cert, key, ca }: FileNames): TlsFiles {
  const file = (setting: SettingName): TlsFile | undefined => {
    const path = values[setting];
    return typeof path === "string" && path !== "" ? { setting, path } : undefined;
  };
  return { cert: file(cert), key: file(key), ca: file(ca) };
}
