import { z } from "zod";
import { modelOptions } from "./modelOptions.ts";
import { type Option, option } from "./option.ts";
import {
  duration,
  flag,
  httpUrl,
  iceServers,
  list,
  networks,
  optionalText,
  origins,
  port,
  text,
  turnUrls,
  whole,
} from "./optionTypes.ts";
import { storageOptions } from "./storageOptions.ts";

export const options = {
  port: option({
    env: "PORT",
    type: port,
    default: "3210",
    doc: "TCP port of the HTTP server; 0 picks a free one.",
  }),
  host: option({
    env: "HOST",
    type: text,
    default: "127.0.0.1",
    doc: "Address to listen on. Beyond loopback, read the deployment notes first.",
  }),
  databaseUrl: option({
    env: "DATABASE_URL",
    type: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
    doc: "PostgreSQL 15 or newer. Absent: an embedded PostgreSQL in the data folder.",
    secret: true,
  }),
  databaseDirectUrl: option({
    env: "DATABASE_DIRECT_URL",
    type: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
    doc: "The same database without the pooler, where DATABASE_URL is one in transaction mode: for migrations, backups and hearing of commits.",
    secret: true,
  }),
  databasePoolSize: option({
    env: "CONNVO_DATABASE_POOL_SIZE",
    type: whole(2, 500),
    default: "16",
    doc: "Connections this node opens at most.",
  }),
  databaseNamedStatements: option({
    env: "CONNVO_DATABASE_NAMED_STATEMENTS",
    type: flag,
    default: "true",
    doc: "Prepared statements by name; false behind PgBouncer older than 1.21.",
  }),
  dataDir: option({
    env: "CONNVO_DATA_DIR",
    type: text,
    default: "./data",
    doc: "Folder of the embedded database, keys, captures and recordings.",
  }),
  publicUrl: option({
    env: "CONNVO_PUBLIC_URL",
    type: httpUrl.optional(),
    doc: "Address at which clients reach this server; default http://HOST:PORT, or https with a certificate.",
  }),
  trustedProxies: option({
    env: "CONNVO_TRUSTED_PROXIES",
    type: networks,
    default: "127.0.0.0/8,::1",
    doc: "Proxies whose X-Forwarded-For tells who calls, for limits per address; they and their machine have none.",
  }),
  connectionLimit: option({
    env: "CONNVO_CONNECTION_LIMIT",
    type: whole(16, 1_000_000),
    default: "4096",
    doc: "HTTP connections at once at most.",
  }),
  addressConnectionLimit: option({
    env: "CONNVO_ADDRESS_CONNECTION_LIMIT",
    type: whole(1, 1_000_000),
    default: "512",
    doc: "HTTP connections at once from one address at most, and unanswered requests from one that a proxy tells.",
  }),
  tlsCert: option({
    env: "CONNVO_TLS_CERT",
    type: optionalText,
    doc: "PEM file with the server's certificate and its issuers': serve https. Read again when it changes, and on SIGHUP.",
  }),
  tlsKey: option({
    env: "CONNVO_TLS_KEY",
    type: optionalText,
    doc: "PEM file with the certificate's private key; required with the certificate.",
  }),
  adminKey: option({
    env: "CONNVO_ADMIN_KEY",
    type: z.string().min(16).optional(),
    doc: "Key for `Authorization: Convex <key>`, at least 16 characters. Absent: made once, kept in the data folder.",
    secret: true,
  }),
  logLevel: option({
    env: "CONNVO_LOG_LEVEL",
    type: z.enum(["debug", "info", "warn", "error", "silent"]),
    default: "info",
    doc: "Least level that is logged.",
  }),
  workosClientId: option({
    env: "WORKOS_CLIENT_ID",
    type: optionalText,
    doc: "Accept WorkOS user tokens of this client.",
  }),
  workosPlanClaim: option({
    env: "CONNVO_WORKOS_PAID_ENTITLEMENT",
    type: optionalText,
    doc: "A WorkOS token whose `entitlements` contain this value makes its organisation paid.",
  }),
  defaultPlan: option({
    env: "CONNVO_DEFAULT_PLAN",
    type: z.enum(["free", "paid"]),
    default: "free",
    doc: "Plan of everybody of whom neither a token nor an administrator says one; on `free` nothing is recorded.",
  }),
  planClaim: option({
    env: "CONNVO_PLAN_CLAIM",
    type: optionalText,
    doc: "Claim of WorkOS and OpenID Connect tokens that names the person's plan, or a list; dots go into objects: `realm_access.roles`.",
  }),
  paidPlans: option({
    env: "CONNVO_PAID_PLANS",
    type: list,
    default: "paid",
    doc: "Values of that claim that mean the paid plan, with commas between; every other value means `free`.",
  }),
  oidcIssuer: option({
    env: "CONNVO_OIDC_ISSUER",
    type: httpUrl.optional(),
    doc: "Accept tokens of this OpenID Connect issuer (discovered).",
  }),
  oidcAudience: option({
    env: "CONNVO_OIDC_AUDIENCE",
    type: optionalText,
    doc: "Audience those tokens must have; required with the issuer.",
  }),
  oidcAlgorithm: option({
    env: "CONNVO_OIDC_ALGORITHM",
    type: z.enum(["RS256", "ES256", "EdDSA"]),
    default: "RS256",
    doc: "The one signature algorithm accepted from that issuer.",
  }),
  localAuth: option({
    env: "CONNVO_LOCAL_AUTH",
    type: z.enum(["auto", "on", "off"]),
    default: "auto",
    doc: "The built-in issuer with its sign-in page; auto = on while no other issuer is configured.",
  }),
  localAuthAnywhere: option({
    env: "CONNVO_LOCAL_AUTH_ANYWHERE",
    type: flag,
    default: "false",
    doc: "Let the built-in issuer serve beyond loopback or behind a proxy: anybody who reaches it can sign in.",
  }),
  localPlan: option({
    env: "CONNVO_LOCAL_PLAN",
    type: z.enum(["free", "paid"]),
    default: "paid",
    doc: "Plan of users the built-in issuer signs in.",
  }),
  streamApiKey: option({
    env: "STREAM_API_KEY",
    type: optionalText,
    doc: "GetStream API key. With the secret, meetings use GetStream instead of embedded rooms.",
  }),
  streamApiSecret: option({
    env: "STREAM_API_SECRET",
    type: optionalText,
    doc: "GetStream API secret.",
    secret: true,
  }),
  streamPreviousSecret: option({
    env: "CONNVO_STREAM_PREVIOUS_SECRET",
    type: optionalText,
    doc: "GetStream API secret before the current one: while it is replaced, webhooks signed with either are taken.",
    secret: true,
  }),
  streamBaseUrl: option({
    env: "CONNVO_STREAM_BASE_URL",
    type: httpUrl,
    default: "https://video.stream-io-api.com",
    doc: "GetStream's API address.",
  }),
  streamFileHosts: option({
    env: "CONNVO_STREAM_FILE_HOSTS",
    type: list,
    default: "stream-io-cdn.com,stream-io-video.com,stream-io-api.com,getstream.io",
    doc: "Domains from which GetStream's finished recordings are fetched, by https only; and the host of its API address.",
  }),
  rtcPort: option({
    env: "CONNVO_RTC_PORT",
    type: port,
    default: "3478",
    doc: "The one UDP port of the embedded rooms; 0 picks a free one.",
  }),
  rtcAddress: option({
    env: "CONNVO_RTC_ADDRESS",
    type: z.union([z.ipv4(), z.ipv6()]),
    default: "127.0.0.1",
    doc: "Local address that port is bound to. On loopback, other addresses of this machine take media too, of this machine alone.",
  }),
  rtcPublicAddress: option({
    env: "CONNVO_RTC_PUBLIC_ADDRESS",
    type: z.union([z.ipv4(), z.ipv6()]).optional(),
    doc: "Address clients send media to when it differs from the bound one (NAT).",
  }),
  roomLimit: option({
    env: "CONNVO_ROOM_LIMIT",
    type: whole(1, 100),
    default: "8",
    doc: "People in one embedded room at most.",
  }),
  publisherLimit: option({
    env: "CONNVO_PUBLISHER_LIMIT",
    type: whole(1, 1000),
    default: "64",
    doc: "People publishing on this machine at most, over all rooms.",
  }),
  publisherKbps: option({
    env: "CONNVO_PUBLISHER_KBPS",
    type: whole(100, 1_000_000),
    default: "30000",
    doc: "Bit rate taken of one camera or screen, kbit/s; what is above it is dropped, and told in the recording's problems.",
  }),
  recordingMaxSeconds: option({
    env: "CONNVO_RECORDING_MAX_SECONDS",
    type: duration,
    default: "14400",
    doc: "A recording is stopped by itself after this many seconds.",
  }),
  recordingEmptySeconds: option({
    env: "CONNVO_RECORDING_EMPTY_SECONDS",
    type: duration,
    default: "60",
    doc: "A recording is stopped when nobody has been in the room for this many seconds.",
  }),
  composer: option({
    env: "CONNVO_COMPOSER",
    type: z.enum(["node-av", "ffmpeg"]),
    default: "node-av",
    doc: "What encodes recordings: the bundled library, or a system ffmpeg.",
  }),
  ...modelOptions,
  composeJobs: option({
    env: "CONNVO_COMPOSE_JOBS",
    type: whole(0, 64),
    default: "1",
    doc: "Recordings composed at once on this node; 0 = this node composes none.",
  }),
  composeSlices: option({
    env: "CONNVO_COMPOSE_SLICES",
    type: whole(1, 64).optional(),
    doc: "Stretches of recordings composed at once on this node, while they run and afterwards; absent: one a core.",
  }),
  ...storageOptions,
  iceServers: option({
    env: "CONNVO_ICE_SERVERS",
    type: iceServers.optional(),
    doc: "JSON array of RTCIceServer objects given to clients.",
    secret: true,
  }),
  turnUrls: option({
    env: "CONNVO_TURN_URLS",
    type: turnUrls.optional(),
    doc: "Addresses of a TURN server, with commas between: turn:turn.example:3478?transport=udp,turns:turn.example:5349.",
  }),
  turnSecret: option({
    env: "CONNVO_TURN_SECRET",
    type: text.optional(),
    doc: "The secret that TURN server shares with this one (coturn: static-auth-secret): each person gets credentials of 12 hours.",
    secret: true,
  }),
  webhookOrigins: option({
    env: "CONNVO_WEBHOOK_ORIGINS",
    type: origins.optional(),
    doc: "Origins such as https://hooks.internal:8443, with commas between, at which webhooks may be received besides public addresses at port 443.",
  }),
} as const satisfies Record<string, Option>;

export type OptionName = keyof typeof options;
