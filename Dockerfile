# syntax=docker/dockerfile:1
# Connvo in one image: the server, its rooms, its composer and its database.
#
# Where builds must be repeatable, pin the base image: --build-arg NODE_IMAGE=node:24-bookworm-slim@sha256:…
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY web/package.json web/
COPY vendor vendor
RUN npm ci --omit=dev
COPY tsconfig.json ./
COPY scripts scripts
COPY bench bench
COPY src src
COPY web web
RUN node scripts/build.mjs

FROM ${NODE_IMAGE}
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3210 \
    CONNVO_DATA_DIR=/data \
    CONNVO_RTC_ADDRESS=0.0.0.0 \
    CONNVO_RTC_PORT=3478
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
COPY migrations migrations
COPY scripts/healthcheck.mjs scripts/
RUN install -d -o node -g node -m 0711 /data
# The embedded PostgreSQL refuses to run as root, and nothing else here needs to.
USER node
VOLUME /data
EXPOSE 3210/tcp 3478/udp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["node", "scripts/healthcheck.mjs"]
CMD ["node", "--enable-source-maps", "dist/main.js"]
