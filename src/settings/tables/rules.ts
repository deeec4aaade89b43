import { boolean, choice, duration, integer, map, number, text, warned } from "../setting.ts";

const withXds = warned("rules from an xDS server are not there yet, and rule files are read");

/** Where the rules come from. */
export const rules = {
  RUNTIME_ROOT: text("/srv/runtime_data/current", "Directory of the rule files, or a link to it."),
  RUNTIME_SUBDIRECTORY: text("", "Directory below RUNTIME_ROOT."),
  RUNTIME_APPDIRECTORY: text(
    "config",
    "Directory below RUNTIME_SUBDIRECTORY that holds the rule files.",
  ),
  RUNTIME_IGNOREDOTFILES: boolean(
    false,
    "Skips files and directories whose name begins with a dot.",
  ),
  RUNTIME_WATCH_ROOT: boolean(
    true,
    "Names files by their path below the subdirectory (`config.basic.yaml`) instead of below the app directory (`basic.yaml`). Changes are seen either way.",
  ),
  MERGE_DOMAIN_CONFIG: boolean(false, "Lets several files have rules for one domain."),
  FORCE_START_WITHOUT_INITIAL_CONFIG: boolean(
    false,
    "Starts without a rule file, and takes no rule file for no rules later, too.",
  ),
  HEALTHY_WITH_AT_LEAST_ONE_CONFIG_LOADED: boolean(
    false,
    "Healthy only while the rules have at least one domain.",
  ),
  CONFIG_TYPE: choice("FILE", ["FILE"], "Where the rules come from.", {
    accepted: "FILE",
    refusal: (given) =>
      given === "GRPC_XDS_SOTW"
        ? "rules from an xDS server are not there yet"
        : `Invalid setting for ConfigType: ${given}`,
  }),
  CONFIG_GRPC_XDS_NODE_ID: text("default", "Node id for the xDS server.", withXds),
  CONFIG_GRPC_XDS_NODE_METADATA: text("", "Node metadata for the xDS server.", withXds),
  CONFIG_GRPC_XDS_SERVER_URL: text("localhost:18000", "The xDS server.", withXds),
  CONFIG_GRPC_XDS_SERVER_CONNECT_RETRY_INTERVAL: duration(
    "3s",
    ["0s", "24h"],
    "Pause between attempts to reach the xDS server.",
    withXds,
  ),
  CONFIG_GRPC_XDS_CLIENT_ADDITIONAL_HEADERS: map("Headers for the xDS server.", {
    ...withXds,
    isSecret: true,
  }),
  CONFIG_GRPC_XDS_SERVER_USE_TLS: boolean(false, "TLS to the xDS server.", withXds),
  CONFIG_GRPC_XDS_CLIENT_TLS_CERT: text("", "Certificate for the xDS server.", withXds),
  CONFIG_GRPC_XDS_CLIENT_TLS_KEY: text("", "Key for the xDS server.", withXds),
  CONFIG_GRPC_XDS_SERVER_TLS_CACERT: text("", "CA of the xDS server.", withXds),
  CONFIG_GRPC_XDS_SERVER_TLS_SAN: text("", "Name in the certificate of the xDS server.", withXds),
  XDS_CLIENT_BACKOFF_INITIAL_INTERVAL: duration("10s", ["0s", "24h"], "First pause.", withXds),
  XDS_CLIENT_BACKOFF_MAX_INTERVAL: duration("60s", ["0s", "24h"], "Longest pause.", withXds),
  XDS_CLIENT_BACKOFF_RANDOM_FACTOR: number(0.5, [0, 1_000], "Growth of the pauses.", withXds),
  XDS_CLIENT_BACKOFF_JITTER: boolean(true, "Random part of the pauses.", withXds),
  XDS_CLIENT_MAX_MSG_SIZE_IN_BYTES: integer(
    0,
    [0, 2_147_483_647],
    "Longest xDS message; 0 means 4 MiB.",
    withXds,
  ),
} as const;
