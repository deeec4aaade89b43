import { hideSecrets } from "../secrets.ts";
import type { BackoffSettings, XdsSettings, XdsTlsSettings } from "../xds/xds-settings.ts";
import { xds as table } from "./tables/xds.ts";
import type { Reading } from "./values.ts";

/** `undefined`: rules come from files. Names that are set in vain are warned about. */
export function buildXds(reading: Reading): XdsSettings | undefined {
  const { values } = reading;
  if (values.CONFIG_TYPE !== "GRPC_XDS_SOTW") {
    warnOfNames(
      reading,
      namesOf(reading, () => true),
      "CONFIG_TYPE is FILE",
    );
    return undefined;
  }
  const names = (name: string) => name === "CONFIG_GRPC_XDS_SERVER_CONNECT_RETRY_INTERVAL";
  warnOfNames(reading, namesOf(reading, names), "XDS_CLIENT_BACKOFF_* say how long to wait");
  return {
    target: values.CONFIG_GRPC_XDS_SERVER_URL.replace(/^passthrough:\/\/\//, ""),
    nodeId: values.CONFIG_GRPC_XDS_NODE_ID,
    nodeMetadata: nodeMetadata(reading),
    headers: headers(reading),
    messageBytesMax: values.XDS_CLIENT_MAX_MSG_SIZE_IN_BYTES || 4_194_304,
    backoff: backoff(reading),
    tls: tls(reading),
  };
}

function backoff({ values }: Reading): BackoffSettings {
  const initialMs = values.XDS_CLIENT_BACKOFF_INITIAL_INTERVAL;
  const factor = values.XDS_CLIENT_BACKOFF_RANDOM_FACTOR;
  return {
    initialMs,
    maxMs: Math.max(initialMs, values.XDS_CLIENT_BACKOFF_MAX_INTERVAL),
    growth: factor > 1 ? factor : 2,
    randomShare: values.XDS_CLIENT_BACKOFF_JITTER ? (factor > 1 ? 0.5 : factor) : 0,
  };
}

/** As in the reference, what has no equals sign is passed over. */
function nodeMetadata({ values, warnings }: Reading): ReadonlyMap<string, string> {
  const name = "CONFIG_GRPC_XDS_NODE_METADATA";
  const metadata = new Map<string, string>();
  for (const item of values[name] === "" ? [] : values[name].split(",")) {
    const at = item.indexOf("=");
    if (at < 0) warnings.push(`${name}: ${JSON.stringify(item)} has no effect: it is no key=value`);
    else metadata.set(item.slice(0, at), item.slice(at + 1));
  }
  return metadata;
}

function headers({ values, mistakes }: Reading): ReadonlyMap<string, string> {
  const name = "CONFIG_GRPC_XDS_CLIENT_ADDITIONAL_HEADERS";
  const found = new Map<string, string>();
  for (const [key, value] of values[name]) {
    const header = key.toLowerCase();
    const isName = /^[0-9a-z_.-]+$/.test(header) && !header.startsWith("grpc-");
    if (!isName) {
      mistakes.push(
        `${name}: ${JSON.stringify(key)} is no header; accepted: letters, digits, - _ and ., and nothing that begins with grpc-`,
      );
    } else if (!header.endsWith("-bin") && !/^[ -~]*$/.test(value)) {
      mistakes.push(`${name}: the value of ${header} (not shown) is not ASCII; accepted: ASCII`);
    }
    found.set(header, value);
  }
  return hideSecrets(found);
}

/** Which files there are is in the settings of TLS. */
function tls(reading: Reading): XdsTlsSettings | undefined {
  const { values } = reading;
  if (values.CONFIG_GRPC_XDS_SERVER_USE_TLS) {
    return { serverName: values.CONFIG_GRPC_XDS_SERVER_TLS_SAN || undefined };
  }
  const names = namesOf(reading, (name) => /_TLS_(?:CERT|KEY|CACERT|SAN)$/.test(name));
  warnOfNames(reading, names, "CONFIG_GRPC_XDS_SERVER_USE_TLS is false");
  return undefined;
}

/** Those of the xDS names that are set, and not to their default. */
function namesOf({ given, shown }: Reading, matters: (name: string) => boolean): readonly string[] {
  const names = Object.keys(table) as (keyof typeof table)[];
  return names.filter(
    (name) => matters(name) && given.has(name) && shown[name] !== table[name].default,
  );
}

function warnOfNames({ warnings }: Reading, names: readonly string[], reason: string): void {
  if (names.length === 0) return;
  warnings.push(`${names.join(", ")} ${names.length === 1 ? "has" : "have"} no effect: ${reason}`);
}
