import { Agent, type IncomingHttpHeaders, request } from "node:http";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The client's own address; all of 127.0.0.0/8 is this machine. */
  readonly from?: string;
  readonly agent?: Agent;
}

/** One request to 127.0.0.1, on a connection of its own unless an agent is given. */
export function get(port: number, path: string, options: HttpOptions = {}): Promise<HttpAnswer> {
  const { method = "GET", headers = {}, body: sent, from, agent } = options;
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: "127.0.0.1",
        port,
        path,
        method,
        headers,
        agent: agent ?? false,
        timeout: 20_000,
        ...(from === undefined ? {} : { localAddress: from }),
      },
      (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => {
          body += text;
        });
        response.on("error", reject);
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
        });
      },
    );
    call.on("timeout", () => call.destroy(new Error(`no answer to ${method} ${path}`)));
    call.on("error", reject);
    call.end(sent);
  });
}

/** Clients that ask one after another, each on its own connection, until they are stopped; `answers` grows meanwhile. */
export interface Traffic {
  /** How many answers there were of each status. */
  readonly statuses: Readonly<Record<number, number>>;
  readonly count: number;
  stop(): Promise<void>;
}

export interface TrafficOptions extends HttpOptions {
  readonly clients: number;
  /** Of each client, between an answer and the next request; the machine has other things to do. */
  readonly pauseMs?: number;
}

export function startTraffic(port: number, path: string, options: TrafficOptions): Traffic {
  const { clients, pauseMs = 5, ...http } = options;
  const statuses: Record<number, number> = {};
  let count = 0;
  let isStopped = false;
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const client = async () => {
    while (!isStopped) {
      const { status } = await get(port, path, { ...http, agent });
      statuses[status] = (statuses[status] ?? 0) + 1;
      count += 1;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  const running = Promise.all(Array.from({ length: clients }, client));
  // Reported by `stop`, which every test awaits.
  running.catch(() => {});
  return {
    statuses,
    get count() {
      return count;
    },
    async stop() {
      isStopped = true;
      await running.finally(() => agent.destroy());
    },
  };
}
