import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TlsFiles } from "../../src/tls/tls-files.ts";
import type { Identity } from "./certificates.ts";

/** A directory of PEM files as Kubernetes mounts a Secret: links to `..data`, which is a link that is swapped. */
export class SecretMount {
  readonly directory: string;
  readonly files: TlsFiles & Required<{ readonly [Part in keyof TlsFiles]: object }>;
  #version = 0;

  /** @param prefix of the settings that name the files */
  constructor(directory: string, texts: Partial<MountedTexts>, prefix = "GRPC") {
    this.directory = directory;
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
    for (const name of Object.values(names)) symlinkSync(`..data/${name}`, join(directory, name));
  }

  /** Puts other files in the place of all, in one step. */
  swap(texts: Partial<MountedTexts>): void {
    this.#version += 1;
    const version = `..version-${this.#version}`;
    mkdirSync(join(this.directory, version));
    for (const part of Object.keys(names) as (keyof MountedTexts)[]) {
      const text = texts[part];
      if (text !== undefined) writeFileSync(join(this.directory, version, names[part]), text);
    }
    const link = join(this.directory, "..data");
    symlinkSync(version, `${link}_tmp`);
    renameSync(`${link}_tmp`, link);
  }
}

export interface MountedTexts extends Identity {
  readonly ca: string;
}

const names = { cert: "tls.crt", key: "tls.key", ca: "ca.crt" } as const;
