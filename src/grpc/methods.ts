import { invariant } from "../invariant.ts";
import type { DirectCall, DirectHandler, Encode, Methods, UnaryHandler } from "./engine.ts";

/** All methods of `parts` as one set. No two parts may have the same path. */
export function mergeMethods(...parts: readonly Methods[]): Methods {
  const perPart = parts.map(paths);
  const total = perPart.reduce((sum, { size }) => sum + size, 0);
  const distinct = new Set(perPart.flatMap((ofPart) => [...ofPart]));
  invariant(distinct.size === total, "two parts serve the same method");
  return {
    unary: new Map(parts.flatMap(({ unary }) => [...unary])),
    stream: new Map(parts.flatMap(({ stream }) => [...stream])),
    direct: new Map(parts.flatMap(({ direct }) => [...(direct ?? [])])),
    excess: new Map(parts.flatMap(({ excess }) => [...(excess ?? [])])),
  };
}

/** The full names of the services that `methods` belong to. */
export function serviceNames(methods: Methods): readonly string[] {
  const services = [...paths(methods)].map((path) => path.slice(1, path.lastIndexOf("/")));
  return [...new Set(services)];
}

/** A direct handler for an engine that has unary ones alone. */
export function toUnary(handler: DirectHandler): UnaryHandler {
  return (request, call) =>
    new Promise((resolve, reject) => {
      const direct: DirectCall = {
        path: call.path,
        deadlineMs: call.deadlineMs,
        header: (name) => call.header(name),
        reply<T>(value: T, bytesMax: number, encode: Encode<T>): void {
          try {
            const into = Buffer.allocUnsafe(bytesMax);
            resolve(into.subarray(0, encode(value, into, 0)));
          } catch (error) {
            // Ends this call, and is not the problem of who replied.
            reject(error);
          }
        },
        fail: reject,
      };
      const bytes = Buffer.from(request.buffer, request.byteOffset, request.byteLength);
      handler(bytes, 0, bytes.length, direct);
    });
}

function paths({ unary, stream, direct }: Methods): ReadonlySet<string> {
  return new Set([...unary.keys(), ...stream.keys(), ...(direct?.keys() ?? [])]);
}
