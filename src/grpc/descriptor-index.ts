import { createRequire } from "node:module";
import type { DescExtension, DescFile, FileRegistry } from "@bufbuild/protobuf";

// Few processes are ever asked for descriptors, so none loads the library before that; it takes an eighth of the start.
const load = createRequire(import.meta.url);
const protobuf = (): typeof import("@bufbuild/protobuf") => load("@bufbuild/protobuf");
const wellKnown = (): typeof import("@bufbuild/protobuf/wkt") => load("@bufbuild/protobuf/wkt");

/**
 * Finds the file that declares a name. Files come as serialized `FileDescriptorProto`s: the one asked for, then all that it imports,
 * each once. `undefined`: nothing here declares that name.
 */
export class DescriptorIndex {
  readonly #registry: FileRegistry;

  /** @param bytes a serialized `google.protobuf.FileDescriptorSet`, imports before the files that import them */
  constructor(bytes: Uint8Array) {
    const { createFileRegistry, fromBinary } = protobuf();
    this.#registry = createFileRegistry(fromBinary(wellKnown().FileDescriptorSetSchema, bytes));
  }

  filesByName(name: string): Buffer[] | undefined {
    return withImports(this.#registry.getFile(name));
  }

  /** @param symbol the full name of a message, an enum, a service, a method or an extension, with no leading dot */
  filesBySymbol(symbol: string): Buffer[] | undefined {
    return withImports((this.#registry.get(symbol) ?? this.#serviceOf(symbol))?.file);
  }

  filesByExtension(messageType: string, extensionNumber: number): Buffer[] | undefined {
    const found = this.#extensionsOf(messageType)?.find(({ number }) => number === extensionNumber);
    return withImports(found?.file);
  }

  /** Empty for a message that nothing extends. */
  extensionNumbers(messageType: string): number[] | undefined {
    return this.#extensionsOf(messageType)?.map(({ number }) => number);
  }

  #serviceOf(method: string) {
    const at = method.lastIndexOf(".");
    const service = this.#registry.getService(method.slice(0, Math.max(at, 0)));
    const isDeclared = service?.methods.some(({ name }) => name === method.slice(at + 1));
    return isDeclared === true ? service : undefined;
  }

  #extensionsOf(messageType: string) {
    if (this.#registry.getMessage(messageType) === undefined) return undefined;
    return [...this.#registry].filter(
      (type): type is DescExtension =>
        type.kind === "extension" && type.extendee.typeName === messageType,
    );
  }
}

function withImports(file: DescFile | undefined): Buffer[] | undefined {
  if (file === undefined) return undefined;
  // A set iterates over what is added while it is iterated, so imports of imports are reached.
  const files = new Set([file]);
  for (const { dependencies } of files) {
    for (const dependency of dependencies) files.add(dependency);
  }
  const { toBinary } = protobuf();
  const { FileDescriptorProtoSchema } = wellKnown();
  return [...files].map(({ proto }) => Buffer.from(toBinary(FileDescriptorProtoSchema, proto)));
}
