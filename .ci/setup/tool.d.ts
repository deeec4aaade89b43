export interface PackagedTool {
  readonly path: string;
  isThere(): boolean;
  /** Its path. @throws Error that says how to get it */
  get(): string;
  install(): void;
}

export interface PackagedToolOptions {
  readonly directory: string;
  readonly file: string;
  readonly command: readonly string[];
  readonly shows?: readonly string[];
  readonly prune?: (directory: string) => void;
  readonly setup: string;
}

export const pipInstall: readonly string[];
export function packagedTool(options: PackagedToolOptions): PackagedTool;
export function installAll(tools: readonly PackagedTool[]): void;
