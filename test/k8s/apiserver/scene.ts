import type { Rendering } from "../render.ts";
import type { Kubectl } from "./kubectl.ts";

/** Something that a cluster has to do with the manifests. Each builds on those before it. */
export interface Scene {
  readonly name: string;
  /** @throws Error when it is not so */
  play(kubectl: Kubectl, renderings: readonly Rendering[]): Promise<string>;
}
