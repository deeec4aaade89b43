import { boolean, choice, text } from "../setting.ts";

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
  MERGE_DOMAIN_CONFIG: boolean(
    false,
    "Lets several files, or resources of an xDS server, have rules for one domain.",
  ),
  FORCE_START_WITHOUT_INITIAL_CONFIG: boolean(
    false,
    "Starts without a rule file, and takes no rule file for no rules later, too. With an xDS server: healthy without rules when none came within five seconds.",
  ),
  HEALTHY_WITH_AT_LEAST_ONE_CONFIG_LOADED: boolean(
    false,
    "Healthy only while the rules have at least one domain.",
  ),
  CONFIG_TYPE: choice(
    "FILE",
    ["FILE", "GRPC_XDS_SOTW"],
    "Where the rules come from: files, or an xDS server.",
    { refusal: (given) => `Invalid setting for ConfigType: ${given}` },
  ),
} as const;
