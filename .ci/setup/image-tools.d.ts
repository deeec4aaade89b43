import type { TestServer } from "./test-servers.js";

/** What test/integration/image.test.ts needs: the linter of the Dockerfile, and the Node that its image has. */
export type ImageTool = Omit<TestServer, "name"> & { readonly name: "hadolint" | "node" };

export const hadolint: ImageTool;
export const imageNode: ImageTool;

/** The path of a tool's executable. @throws Error that says how to get it. */
export function pathOf(tool: ImageTool): string;
