/**
 * As much of a container as Linux gives without an engine: a root file system that holds the image's files and what its base would
 * bring, mounted read-only, and a user without rights in it.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Image } from "./dockerfile.ts";
import { type RunningProcess, startProcess } from "./processes.ts";

/**
 * Puts the base's part into the image's files: Node at the place where distroless has it, the libraries that it links against, and
 * the mount points of an engine. There is nothing else: no shell, no /usr/bin/env.
 */
export function layBase(image: Image, node: string): void {
  place(node, join(image.root, "nodejs/bin/node"));
  for (const library of librariesOf(node)) place(library, join(image.root, library));
  for (const mountPoint of ["proc", "dev", "etc"]) mkdirSync(join(image.root, mountPoint));
}

function librariesOf(executable: string): string[] {
  const { stdout, status, stderr } = spawnSync("ldd", [executable], { encoding: "utf8" });
  if (status !== 0) throw new Error(`ldd ${executable}: ${stderr}`);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = ""]) => path);
}

function place(file: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  cpSync(file, target, { dereference: true });
}

/** A file as a ConfigMap would bring it, before the root is mounted. */
export function mountFile(image: Image, path: string, text: string): void {
  mkdirSync(dirname(join(image.root, path)), { recursive: true });
  writeFileSync(join(image.root, path), text);
}

export interface ContainerOptions {
  /** `uid:gid`; `undefined`: the image's. */
  readonly user?: string;
  /** A network with nothing but an interface of its own for 127.0.0.1. */
  readonly hasOwnNetwork?: boolean;
}

/** Starts a command of the image. What is started is the command itself: a signal to `pid` is one to process 1 of a container. */
export function startContained(
  image: Image,
  command: readonly string[],
  settings: Readonly<Record<string, string>> = {},
  { user = image.user, hasOwnNetwork = false }: ContainerOptions = {},
): RunningProcess {
  const { PATH } = process.env;
  const isRoot = process.getuid?.() === 0;
  // Someone who is not root becomes so in a namespace of users, and there has no other user to turn into: the rights are their own.
  const namespaces = [
    "--mount",
    ...(hasOwnNetwork ? ["--net"] : []),
    ...(isRoot ? [] : ["--user", "--map-root-user"]),
  ];
  const userspec = isRoot ? ["--userspec", user] : [];
  const script = [
    ...(hasOwnNetwork ? ["ip link set lo up"] : []),
    'mount --bind "$ROOT" "$ROOT"',
    'mount -o remount,bind,ro "$ROOT"',
    'mount --rbind /proc "$ROOT/proc"',
    'mount --rbind /dev "$ROOT/dev"',
    'exec chroot "$@"',
  ].join(" && ");
  return startProcess(
    "unshare",
    [...namespaces, "sh", "-c", script, "sh", ...userspec, image.root, ...command],
    { env: { PATH, ROOT: image.root, ...image.env, ...settings } },
  );
}
