import type { PackagedTool } from "./tool.js";

export const kubectl: PackagedTool;
export const shellcheck: PackagedTool;
export const kubernetesSchemas: PackagedTool;
export const kubernetesVersions: readonly string[];
export function schemaFolder(minor: string): string;
