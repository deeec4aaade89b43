/**
 * RFC 9113 §8.1.1 (malformed requests) and §8.3.1 (what a request's fields must be), and gRPC over HTTP/2, «Requests». A head is read
 * once for each distinct header block of a connection and shared by the calls that send it, so nothing in it belongs to one call.
 */

import { GrpcError, Status } from "../status.ts";
import { type Field, FieldKind } from "./fields.ts";
import { parseTimeout } from "./grpc-timeout.ts";
import type { Method } from "./methods.ts";

const required = (1 << FieldKind.METHOD) | (1 << FieldKind.SCHEME) | (1 << FieldKind.PATH);
/** Among bits of `FieldKind`, the lowest that is not a pseudo-header field's. */
const firstRegular = 1 << FieldKind.REGULAR;

export class RequestHead {
  /** What is wrong, so that the stream has to be reset (§8.1.1); `undefined`: nothing is. */
  malformed: string | undefined;
  /** The HTTP status that answers what is not a gRPC request; 0: it is one. */
  httpStatus: number = 0;
  /** How the call is served; `undefined`: it is not, and `httpStatus` or `failure` says why. */
  method: Method | undefined;
  /** The end of a gRPC call that its fields alone decide. */
  failure: GrpcError | undefined;
  /** `grpc-timeout`; `undefined`: none. */
  timeoutMs: number | undefined;
  /** `grpc-encoding`. */
  encoding: string = "identity";
  /** `content-length`; -1: none. */
  contentBytes: number = -1;

  readonly #fields: readonly Field[];
  #verb: string = "";
  #path: string = "";

  /**
   * @param fields are kept
   * @param areAll `false`: there were more than we take
   */
  constructor(fields: readonly Field[], areAll: boolean, methods: ReadonlyMap<string, Method>) {
    this.#fields = fields;
    const seen = this.#read();
    if (!areAll) this.httpStatus = 431;
    else if (this.malformed === undefined) this.#judge(seen, methods);
  }

  get path(): string {
    return this.#path;
  }

  /** The answer to a HEAD request has no body. */
  get isHead(): boolean {
    return this.#verb === "HEAD";
  }

  /** The first value of a field that is the caller's own and not the transport's. */
  header(name: string): string | undefined {
    for (const field of this.#fields) {
      const isVisible = field.kind === FieldKind.REGULAR || field.kind === FieldKind.CONTENT_LENGTH;
      if (isVisible && field.name === name) return field.value;
    }
    return undefined;
  }

  /** Reads every field; answers with a bit for each kind that was there. */
  #read(): number {
    let seen = 0;
    for (const field of this.#fields) {
      const bit = 1 << field.kind;
      if (bit < firstRegular) {
        if (field.kind === FieldKind.MALFORMED)
          this.malformed = "a field is not valid in a request";
        else if (seen >= firstRegular)
          this.malformed = "a pseudo-header field follows another field";
        else if ((seen & bit) !== 0) this.malformed = "a pseudo-header field is repeated";
      }
      seen |= bit;
      this.#readField(field);
    }
    return seen;
  }

  #readField({ kind, value }: Field): void {
    switch (kind) {
      case FieldKind.METHOD:
        this.#verb = value;
        break;
      case FieldKind.PATH:
        this.#path = value;
        break;
      case FieldKind.CONTENT_LENGTH:
        this.#readContentLength(value);
        break;
      case FieldKind.GRPC_TIMEOUT:
        this.timeoutMs = parseTimeout(value);
        if (this.timeoutMs === undefined) {
          this.failure = new GrpcError(Status.INTERNAL, "grpc-timeout is not digits and a unit");
        }
        break;
      case FieldKind.GRPC_ENCODING:
        this.encoding = value;
        break;
      default:
        break;
    }
  }

  #readContentLength(value: string): void {
    const bytes = /^\d{1,15}$/.test(value) ? Number(value) : -1;
    if (bytes < 0) this.malformed = "content-length is not a number";
    else if (this.contentBytes >= 0 && this.contentBytes !== bytes) {
      this.malformed = "content-length has two values";
    }
    this.contentBytes = bytes;
  }

  #judge(seen: number, methods: ReadonlyMap<string, Method>): void {
    // §8.5: CONNECT has neither scheme nor path.
    if (this.#verb === "CONNECT") this.httpStatus = 405;
    else if ((seen & required) !== required) this.malformed = "a pseudo-header field is missing";
    else if (this.#path === "") this.malformed = "the path is empty";
    else if (this.#verb !== "POST") this.httpStatus = 405;
    else if ((seen & (1 << FieldKind.GRPC_CONTENT_TYPE)) === 0) this.httpStatus = 415;
    else {
      const method = methods.get(this.#path);
      if (method === undefined) {
        this.failure = new GrpcError(Status.UNIMPLEMENTED, `unknown method ${this.#path}`);
      } else if (this.failure === undefined) this.method = method;
    }
  }
}
