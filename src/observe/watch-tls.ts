import type { TlsFileSource } from "../tls/file-source.ts";
import type { Refusals } from "../tls/refusals.ts";
import type { TlsUse } from "../tls/tls-files.ts";
import type { Metrics } from "./metrics.ts";

/** Shows what TLS files are in force, and what became of others. */
export function watchTls(metrics: Metrics, sources: ReadonlyMap<TlsUse, TlsFileSource>): void {
  if (sources.size === 0) return;
  const all = [...sources.values()];
  metrics.series({
    kind: "gauge",
    name: "velocitygate_tls_certificate_expiry_timestamp_seconds",
    help: "When the certificate in force expires, by the setting that names its file; of several CAs the one that lasts the longest.",
    labels: ["setting"],
    read: () =>
      all.flatMap(({ validities }) =>
        validities.map(({ file, toMs }) => [{ setting: file.setting }, toMs / 1000] as const),
      ),
  });
  metrics.series({
    kind: "counter",
    name: "velocitygate_tls_reloads_total",
    help: "New TLS files by their outcome: loaded or refused.",
    labels: ["use", "outcome"],
    read: () =>
      all.flatMap(({ use, reloads: { loaded, refused } }) => [
        [{ use, outcome: "loaded" }, loaded] as const,
        [{ use, outcome: "refused" }, refused] as const,
      ]),
  });
  metrics.series({
    kind: "gauge",
    name: "velocitygate_tls_last_reload_successful",
    help: "1 when the TLS files on disk are those in force, 0 when they were refused.",
    labels: ["use"],
    read: () => all.map(({ use, isUpToDate }) => [{ use }, Number(isUpToDate)] as const),
  });
  const grpc = sources.get("grpc");
  if (grpc !== undefined) watchServerFiles(metrics, grpc);
}

/** The reference counts its server's certificate alone. */
function watchServerFiles(metrics: Metrics, { reloads }: TlsFileSource): void {
  metrics.counter({
    name: "certs_load_attempts",
    help: "How often the files of the gRPC server's certificate were read, the start included.",
    statsName: "certs.load_attempts",
    read: () => 1 + reloads.loaded + reloads.refused,
  });
  metrics.counter({
    name: "certs_load_failures",
    help: "How often they were refused.",
    statsName: "certs.load_failures",
    read: () => reloads.refused,
  });
}

/** Shows the connections that were not let in. */
export function watchRefusals(metrics: Metrics, { counts }: Refusals): void {
  metrics.series({
    kind: "counter",
    name: "velocitygate_grpc_tls_refusals_total",
    help: "Connections to the gRPC port that were not let in, by reason.",
    labels: ["reason"],
    read: () => [...counts].map(([reason, count]) => [{ reason }, count] as const),
  });
}
