import { connect, createServer } from "node:net";

/** As `net.listen` and `net.connect` take it. */
export type SocketAddress =
  | { readonly path: string }
  | { readonly host?: string; readonly port: number };

/** Connections that are made to `from` go on to `to`. */
export interface Way {
  readonly from: SocketAddress;
  readonly to: SocketAddress;
}

export async function joinSockets({ from, to }: Way) {
  const server = createServer((near) => {
    const far = connect(to);
    near.on("error", () => far.destroy()).on("close", () => far.destroy());
    far.on("error", () => near.destroy()).on("close", () => near.destroy());
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(from, resolve));
  const address = server.address();
  return {
    /** 0 on a Unix socket. */
    port: typeof address === "object" && address !== null ? address.port : 0,
    stop: () => void server.close(),
  };
}
