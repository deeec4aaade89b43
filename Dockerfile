# syntax=docker/dockerfile:1
# docs/image.md says what is in the image, how it is run, and which of that is proved by test/integration/image.test.ts.

# Both bases by digest: a build today and one next year are the same. Let an update bot move the digests, since that is how security
# fixes come in. The runtime has Node 24 and what it links against, and no shell, no package manager and no npm.
ARG NODE=docker.io/library/node:24.21.0-trixie-slim@sha256:173f125896c3b47ddf056734c7ea789d04595a6a08769a8f78e0df642781fb66
ARG RUNTIME=gcr.io/distroless/nodejs24-debian13:nonroot@sha256:fbbdda866ea71aef98c4abece17e3d61fbf820cc2ef3961522caa2478716171a

# The packages that run. A stage of its own: it is rebuilt when the lockfile changes, not when the sources do. No package may run a
# script while it is installed.
FROM ${NODE} AS production
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM ${NODE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build
# Envoy Gateway starts `/bin/ratelimit`, whatever the image's entry point, and scripts start the reference's other two programs. There
# is no shell to run a script with: the kernel hands the file to Node itself, which keeps the process id, so that signals arrive.
RUN mkdir bin && \
  printf '%s\n' '#!/nodejs/bin/node --enable-source-maps' 'import("/app/dist/main.js");' > bin/ratelimit && \
  printf '%s\n' '#!/nodejs/bin/node' 'import("/app/dist/cli/reference/client.js");' > bin/ratelimit_client && \
  printf '%s\n' '#!/nodejs/bin/node' 'import("/app/dist/cli/reference/config-check.js");' > bin/ratelimit_config_check && \
  chmod 0755 bin/*

FROM ${RUNTIME}
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /app/bin/ratelimit /bin/ratelimit
COPY --from=build /app/bin/ratelimit_client /bin/ratelimit_client
COPY --from=build /app/bin/ratelimit_config_check /bin/ratelimit_config_check
COPY --from=production /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
# Nothing is written, so the root file system can be mounted read-only and the files belong to root.
USER 65532:65532
# HTTP, gRPC, metrics when they have a port of their own.
EXPOSE 8080 8081 9090
# For engines that look at it; Kubernetes does not, and has probes of its own. Asks /healthcheck on PORT.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["/nodejs/bin/node", "/app/dist/cli/healthcheck.js"]
# Node is process 1 and takes the signals itself: no shell stands between.
ENTRYPOINT ["/nodejs/bin/node", "--enable-source-maps", "/app/dist/main.js"]
