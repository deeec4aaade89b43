import { join } from "node:path";
import type { TlsFiles } from "../../src/tls/tls-files.ts";
import type { Identity } from "./certificates.ts";
import { put, swapLink, temporaryDirectory } from "./rule-directory.ts";

/** A directory of PEM files as Kubernetes mounts a Secret: links to `..data`, which is a link that is swapped. */
export class SecretMount {
  readonly directory = temporaryDirectory();
  readonly files: TlsFiles & Required<{ readonly [Part in keyof TlsFiles]: object }>;
  #version = 0;

  /** @param prefix of the settings that name the files */
  constructor(texts: Partial<MountedTexts>, prefix = "GRPC") {
    const file = (setting: string, name: string) => ({
      setting: `${prefix}_${setting}`,
      path: join(this.directory, name),
    });
    this.files = {
      cert: file("CERT", "tls.crt"),
      key: file("KEY", "tls.key"),
      ca: file("CACERT", "ca.crt"),
    };
    this.swap(texts);
    for (const name of Object.values(names)) swapLink(join(this.directory, name), `..data/${name}`);
  }

  /** Puts other files in the place of all, in one step. */
  swap(texts: Partial<MountedTexts>): void {
    this.#version += 1;
    const version = `..version-${this.#version}`;
    for (const part of Object.keys(names) as (keyof MountedTexts)[]) {
      const text = texts[part];
      if (text !== undefined) put(join(this.directory, version, names[part]), text);
    }
    put(join(this.directory, version, ".made"), "");
    swapLink(join(this.directory, "..data"), version);
  }
}

export interface MountedTexts extends Identity {
  readonly ca: string;
}

const names = { cert: "tls.crt", key: "tls.key", ca: "ca.crt" } as const;
