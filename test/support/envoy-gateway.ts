/**
 * What Envoy Gateway 1.9 makes of its rate limit deployment when nothing is set but Redis: the testdata of its package
 * `internal/infrastructure/kubernetes/ratelimit` has the whole manifest (`deployments/default.yaml`).
 */
export const envoyGateway = {
  command: ["/bin/ratelimit"],
  /** With everything dropped, and the root file system read-only. */
  user: "65534:65534",
  ports: { grpc: 8081, probes: 8080, metrics: 19_001 },
  /** Of the startup, the readiness and the liveness probe; each waits for a second. */
  probe: "/healthcheck",
  server: "envoy-gateway:18001",
  redis: "redis.redis.svc:6379",
  nodeId: "envoy-ratelimit",
  env: {
    RUNTIME_ROOT: "/data",
    RUNTIME_SUBDIRECTORY: "ratelimit",
    RUNTIME_IGNOREDOTFILES: "true",
    RUNTIME_WATCH_ROOT: "false",
    LOG_LEVEL: "info",
    USE_STATSD: "false",
    CONFIG_TYPE: "GRPC_XDS_SOTW",
    CONFIG_GRPC_XDS_SERVER_URL: "envoy-gateway:18001",
    CONFIG_GRPC_XDS_NODE_ID: "envoy-ratelimit",
    GRPC_SERVER_USE_TLS: "true",
    GRPC_SERVER_TLS_CERT: "/certs/tls.crt",
    GRPC_SERVER_TLS_KEY: "/certs/tls.key",
    GRPC_SERVER_TLS_CA_CERT: "/certs/ca.crt",
    CONFIG_GRPC_XDS_SERVER_USE_TLS: "true",
    CONFIG_GRPC_XDS_CLIENT_TLS_CERT: "/certs/tls.crt",
    CONFIG_GRPC_XDS_CLIENT_TLS_KEY: "/certs/tls.key",
    CONFIG_GRPC_XDS_SERVER_TLS_CACERT: "/certs/ca.crt",
    FORCE_START_WITHOUT_INITIAL_CONFIG: "true",
    REDIS_SOCKET_TYPE: "tcp",
    REDIS_URL: "redis.redis.svc:6379",
    USE_PROMETHEUS: "true",
    PROMETHEUS_ADDR: ":19001",
    PROMETHEUS_MAPPER_YAML: "/etc/statsd-exporter/conf.yaml",
  },
} as const;
