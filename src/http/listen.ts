import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { VelocityGateError } from "../errors.ts";

export interface ListenSettings {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** The environment name of the port, for the error when it cannot be had. */
  readonly setting: string;
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "address already in use; stop what listens there or choose another port",
  EACCES: "permission denied; ports below 1024 need a privilege",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "the host name is not known",
  EAI_AGAIN: "the host name could not be looked up",
};

/**
 * Binds the address and answers the port.
 *
 * @throws (rejects) VelocityGateError `SETTINGS_INVALID` when it cannot be had; it says which address, which setting and why.
 */
export function listen(server: Server, settings: ListenSettings): Promise<number> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException) => {
      const message = `cannot listen on ${addressText(settings)}: ${reasons[cause.code ?? ""] ?? cause.message}`;
      reject(new VelocityGateError("SETTINGS_INVALID", message, { cause }));
    };
    server.once("error", refuse);
    server.listen({ host: settings.host, port: settings.port }, () => {
      server.off("error", refuse);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function addressText({ host, port, setting }: ListenSettings): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port} (${setting})`;
}
