import { invariant } from "../invariant.ts";
import type { Methods } from "./engine.ts";

/** All methods of `parts` as one set. No two parts may have the same path. */
export function mergeMethods(...parts: readonly Methods[]): Methods {
  const unary = new Map(parts.flatMap((part) => [...part.unary]));
  const stream = new Map(parts.flatMap((part) => [...part.stream]));
  const total = parts.reduce((sum, part) => sum + part.unary.size + part.stream.size, 0);
  const paths = new Set([...unary.keys(), ...stream.keys()]);
  invariant(paths.size === total, "two parts serve the same method");
  return { unary, stream };
}

/** The full names of the services that `methods` belong to. */
export function serviceNames(methods: Methods): readonly string[] {
  const paths = [...methods.unary.keys(), ...methods.stream.keys()];
  return [...new Set(paths.map((path) => path.slice(1, path.lastIndexOf("/"))))];
}
