/** What TLS is used for. Each use has files of its own. */
export type TlsUse = "grpc" | "redis" | "memcache" | "xds";

/** A file, and the setting that names it. */
export interface TlsFile {
  readonly setting: string;
  readonly path: string;
}

/** PEM files. Certificate and key are named together or not at all. */
export interface TlsFiles {
  /** Our certificate, followed by those that lead to its CA; `undefined`: none is shown. */
  readonly cert: TlsFile | undefined;
  readonly key: TlsFile | undefined;
  /** The CAs that the other side's certificate has to come from; `undefined`: see `TlsMaterial`. */
  readonly ca: TlsFile | undefined;
}

/** The files of each use that there is. */
export type TlsSettings = Readonly<Partial<Record<TlsUse, TlsFiles>>>;

/** What the files hold; `undefined` where none is named. */
export type TlsTexts = { readonly [Part in keyof TlsFiles]: string | undefined };
