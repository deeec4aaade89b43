/**
 * The edge to the network, on @grpc/grpc-js: a channel for each stream, so that the certificates in force are taken and names are looked up anew,
 * and so that how long to wait between attempts is ours to say.
 */
import {
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  type ClientDuplexStream,
  credentials,
  logVerbosity,
  Metadata,
  type StatusObject,
  setLogVerbosity,
  status,
} from "@grpc/grpc-js";
import { DiscoveryRequest } from "../gen/envoy/service/discovery/v3/discovery.ts";
import { clientContext } from "../tls/client.ts";
import type { TlsSource } from "../tls/source.ts";
import { version } from "../version.ts";
import type { MethodPath, OpenStream, Stream, StreamEvents } from "./stream.ts";
import type { XdsSettings } from "./xds-settings.ts";

/**
 * gRPC's own pings. Servers end a connection that pings more often than they like, and grpc-go's, the most common one, by default
 * likes nothing below five minutes.
 */
const pingMs = 330_000;
const pingTimeoutMs = 20_000;

/** A server whose machine is gone is noticed by its kernel's silence, some ten seconds after this long. No server minds. */
const tcpProbeMs = 15_000;

type Call = ClientDuplexStream<DiscoveryRequest, Buffer>;

/** @param tls of the settings; `undefined`: in the clear */
export function createOpenStream(settings: XdsSettings, tls: TlsSource | undefined): OpenStream {
  // The library writes to the console by default; what matters is in the status of the call.
  setLogVerbosity(logVerbosity.NONE);
  return (method, events) => new GrpcJsStream(method, { settings, tls, events });
}

interface StreamParts {
  readonly settings: XdsSettings;
  readonly tls: TlsSource | undefined;
  readonly events: StreamEvents;
}

class GrpcJsStream implements Stream {
  readonly #events: StreamEvents;
  readonly #client: Client;
  readonly #call: Call;
  #isOver: boolean = false;

  constructor(method: MethodPath, { settings, tls, events }: StreamParts) {
    this.#events = events;
    const client = new Client(settings.target, credentialsOf(tls), channelOptions(settings));
    this.#client = client;
    const metadata = metadataOf(settings);
    this.#call = client.makeBidiStreamRequest(method, serialize, same, metadata, {});
    this.#call.on("data", (message: Buffer) => {
      if (!this.#isOver) events.onMessage(message);
    });
    this.#call.on("status", (end) => this.#onStatus(end));
    // The status says it all.
    this.#call.on("error", () => undefined);
    // A call that cannot be made ends by itself, so this may wait for ever.
    client.waitForReady(Number.POSITIVE_INFINITY, (error) => {
      if (!this.#isOver && error === undefined) events.onConnected();
    });
  }

  send(request: DiscoveryRequest): void {
    this.#call.write(request);
  }

  close(): void {
    this.#isOver = true;
    this.#call.cancel();
    this.#client.close();
  }

  #onStatus({ code, details }: StatusObject): void {
    if (this.#isOver) return;
    this.close();
    this.#events.onEnd({
      reason: reasonOf(code, details),
      isUnimplemented: code === status.UNIMPLEMENTED,
    });
  }
}

function channelOptions({ messageBytesMax, tls }: XdsSettings): ChannelOptions {
  const names: ChannelOptions =
    tls?.serverName === undefined
      ? {}
      : {
          "grpc.ssl_target_name_override": tls.serverName,
          "grpc.default_authority": tls.serverName,
        };
  return {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.service_config_disable_resolution": 1,
    "grpc.enable_retries": 0,
    "grpc.primary_user_agent": `velocitygate/${version}`,
    "grpc.max_receive_message_length": messageBytesMax,
    "grpc.keepalive_time_ms": pingMs,
    "grpc.keepalive_timeout_ms": pingTimeoutMs,
    ...names,
  };
}

function credentialsOf(tls: TlsSource | undefined): ChannelCredentials {
  if (tls === undefined) return withTcpProbes(credentials.createInsecure());
  return withTcpProbes(credentials.createFromSecureContext(clientContext(tls.current, true)));
}

/** grpc-js offers no way to its sockets but this one, which credentials of every kind have. */
function withTcpProbes(given: ChannelCredentials): ChannelCredentials {
  const create = given._createSecureConnector.bind(given);
  given._createSecureConnector = (...args) => {
    const connector = create(...args);
    const connect = connector.connect.bind(connector);
    connector.connect = (socket) => {
      socket.setKeepAlive(true, tcpProbeMs);
      return connect(socket);
    };
    return connector;
  };
  return given;
}

function metadataOf({ headers }: XdsSettings): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of headers) {
    metadata.add(name, name.endsWith("-bin") ? Buffer.from(value) : value);
  }
  return metadata;
}

function reasonOf(code: number, details: string): string {
  if (code === status.OK) return "the server ended the stream";
  const reason = `${status[code] ?? `status ${code}`}: ${details}`;
  return code === status.RESOURCE_EXHAUSTED && details.includes("larger than max")
    ? `${reason}; XDS_CLIENT_MAX_MSG_SIZE_IN_BYTES sets how long an update may be`
    : reason;
}

function serialize(request: DiscoveryRequest): Buffer {
  return Buffer.from(DiscoveryRequest.encode(request).finish());
}

function same(bytes: Buffer): Buffer {
  return bytes;
}
