import type { RequestSpec } from "./spec.ts";

/** Every user and path is written with as many digits, so that a request is a copy of a template with digits put in. */
const digits = 8;
/** Numbers of users and paths are below this. */
export const numbersMax = 10 ** digits;
const zeros = "0".repeat(digits);

/** The value of `path` that has the rule with this number. */
export function pathOf(number: number): string {
  return `/api/v1/route-${String(number).padStart(digits, "0")}`;
}

/** Where a number has to be written. */
interface Hole {
  readonly at: number;
  /** What is added to the user's number to tell the path; `undefined`: the user itself goes here. */
  readonly pathOffset: number | undefined;
}

/**
 * A `RateLimitRequest` in its gRPC frame, for any user:
 *
 *     { domain, descriptors: [ {remote_address}, {path, user}, … ] }
 *
 * The path follows from the user, so a user has as many counters as there are descriptors.
 */
export class RequestTemplate {
  readonly bytes: Buffer;
  readonly #holes: readonly Hole[];
  readonly #paths: number;

  constructor({ domain, descriptors, paths }: Omit<RequestSpec, "users" | "timeout">) {
    const parts = [field(0x0a, Buffer.from(domain)), descriptorOf(["remote_address", addressText])];
    for (let i = 1; i < descriptors; i++) {
      parts.push(descriptorOf(["path", pathOf(0)], ["user", `user-${zeros}`]));
    }
    const message = Buffer.concat(parts);
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    this.bytes = Buffer.concat([prefix, message]);
    this.#paths = paths;
    this.#holes = holesOf(this.bytes);
  }

  /** Writes the request of a user into `into` at `at`, and returns where it ends. */
  write(user: number, into: Buffer, at: number): number {
    into.set(this.bytes, at);
    for (let i = 0; i < this.#holes.length; i++) {
      const { at: hole, pathOffset } = this.#holes[i] as Hole;
      const number = pathOffset === undefined ? user : (user + pathOffset) % this.#paths;
      writeDigits(number, into, at + hole);
    }
    return at + this.bytes.length;
  }
}

/** An address of the documentation's range; the user's number is its end. */
const addressText = `2001:db8::${zeros}`;

function holesOf(bytes: Buffer): Hole[] {
  const holes: Hole[] = [];
  let paths = 0;
  for (let at = bytes.indexOf(zeros); at >= 0; at = bytes.indexOf(zeros, at + digits)) {
    const isPath = bytes.toString("latin1", at - 6, at) === "route-";
    holes.push({ at, pathOffset: isPath ? paths++ : undefined });
  }
  return holes;
}

function writeDigits(number: number, into: Buffer, at: number): void {
  let left = number;
  for (let i = at + digits - 1; i >= at; i--) {
    const tens = Math.floor(left / 10);
    into[i] = 0x30 + left - tens * 10;
    left = tens;
  }
}

function descriptorOf(...entries: readonly (readonly [key: string, value: string])[]): Buffer {
  const encoded = entries.map(([key, value]) =>
    field(0x0a, Buffer.concat([field(0x0a, Buffer.from(key)), field(0x12, Buffer.from(value))])),
  );
  return field(0x12, Buffer.concat(encoded));
}

/** A protobuf field of bytes, shorter than 128. */
function field(tag: number, content: Buffer): Buffer {
  if (content.length > 127) throw new Error("a field of the template is too long");
  return Buffer.concat([Buffer.from([tag, content.length]), content]);
}
