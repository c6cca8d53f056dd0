import { Server as TlsServer } from "node:tls";
import Fastify, {
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import type { Authenticator } from "../auth/tokens/authenticator.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Invoker } from "../runtime/call/invoke.ts";
import type { ApiExamples, OpenApiDocument } from "../runtime/openapi/openapi.ts";
import type { Registry } from "../runtime/registry.ts";
import { docsRoutes, lazyOpenApi, openApiRoute } from "./docs.ts";
import { functionRoutes } from "./functions/functions.ts";
import { healthRoutes, type ReadinessCheck } from "./health.ts";
import { BodyBudget } from "./limits/bodyBudget.ts";
import { discardBody, guardBodies } from "./limits/bodyGuard.ts";
import { trustedProxies } from "./limits/callers.ts";
import { ConnectionGate, type ConnectionLimits } from "./limits/connectionGate.ts";
import { limitRequests } from "./limits/requestGate.ts";
import { waitingConnections } from "./limits/waitingConnections.ts";
import { answerBrokenRequest, createListener, type TimeLimits } from "./listener.ts";
import { allowAnyOrigin, answerPreflight } from "./replies/cors.ts";
import { errorReply, writeError } from "./replies/errorReply.ts";
import { chosenRequestId, createRequestIds } from "./requestId.ts";
import { badHost, hasTwoHosts } from "./signIn/localCaller.ts";
import { strictTransportHeader } from "./strictTransport.ts";
import type { TlsPair } from "./tls.ts";
import { refuseUnknown, refuseUnknownApi } from "./unknownRequests.ts";

export interface ServerOptions {
  registry: Registry;
  /** Shown in the API document. */
  examples?: ApiExamples;
  invoker: Invoker;
  authenticator: Authenticator;
  clock: Clock;
  log: Log;
  /** Version of the server. */
  version: string;
  /** The number of the database's present state. */
  commitTs: () => Promise<bigint>;
  /** Address at which clients reach it, without a trailing slash; asked for once it listens. */
  publicUrl: () => string;
  /** Certificate to serve https with; absent = http. */
  tls?: TlsPair | undefined;
  /** Tell browsers to come by https only. */
  strictTransport?: boolean;
  readiness?: readonly ReadinessCheck[];
  /** Connections taken at once. */
  connections?: ConnectionLimits;
  times?: TimeLimits | undefined;
  /** Addresses and networks of proxies whose word on the caller's address counts. */
  trustedProxies?: readonly string[];
  /** Routes of others (sign-in, rooms, files, metrics), each in a scope of its own. */
  plugins?: readonly FastifyPluginAsync[];
}

/** An HTTP server that has not begun to listen; `app.inject` works without. */
export interface HttpServer {
  readonly app: FastifyInstance;
  /** @returns the address it is reached at on this machine, e.g. `http://127.0.0.1:3210` */
  listen(host: string, port: number): Promise<string>;
  /** New connections get this certificate; those there are go on. Only for a server that began with one. */
  useCertificate(pair: TlsPair): void;
  /** Takes no more connections, lets running requests finish for `deadlineMs` or until `hurry`, then cuts them off. */
  close(deadlineMs: number, hurry?: AbortSignal): Promise<void>;
}

const defaultConnections: ConnectionLimits = { total: 4096, perAddress: 512 };

/** Builds the server: the function API, its document, health, and the plugins. Opens nothing. */
export function buildServer(options: ServerOptions): HttpServer {
  const { clock } = options;
  const stopping = new AbortController();
  const app = createApp(options);
  const refuseTheRest = refuseUnknown(app);
  const document = lazyOpenApi(options.registry, options.publicUrl, options.examples);
  const plugins: readonly FastifyPluginAsync[] = [
    async (scope) => publicApi(scope, options, document, stopping.signal),
    (scope) => docsRoutes(scope, document),
    ...(options.plugins ?? []),
    async () => refuseTheRest(),
  ];
  for (const plugin of plugins) void app.register(plugin);
  return {
    app,
    listen: async (host, port) => {
      // The framework does not know that the server it was given speaks TLS.
      const address = await app.listen({ host, port });
      return options.tls ? address.replace(/^http:/, "https:") : address;
    },
    useCertificate: (pair) => {
      if (app.server instanceof TlsServer) app.server.setSecureContext(pair);
    },
    close: (deadlineMs, hurry) => closeApp(app, stopping, deadlineMs, clock, hurry),
  };
}

/** Requests a connection may have unanswered; clients send one after the other. */
const requestsPerConnection = 32;

/** Memory for bodies longer than 16 KiB, of everybody and of one caller, bytes. */
const bodyMemory = { totalBytes: 64 * 2 ** 20, callerBytes: 8 * 2 ** 20 };

function createApp(options: ServerOptions): FastifyInstance {
  const { log, tls, clock, strictTransport = false, connections = defaultConnections } = options;
  const isTrustedProxy = trustedProxies(options.trustedProxies ?? []);
  const gate = new ConnectionGate({ limits: connections, isTrustedProxy, clock });
  const newId = createRequestIds();
  const app = Fastify({
    logger: false,
    // What comes over an open connection while the server drains is still answered, and the connection closed then.
    return503OnClosing: false,
    genReqId: (request: FastifyRequest["raw"]) => chosenRequestId(request.headers) ?? newId(),
    serverFactory: (handler) => createListener(handler, { tls, gate, times: options.times }),
    clientErrorHandler: answerBrokenRequest,
    trustProxy: isTrustedProxy,
    routerOptions: { ignoreDuplicateSlashes: true, maxParamLength: 1024 },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      report(error, request, reply, log),
  });
  const { perAddress } = connections;
  limitRequests(app, { perConnection: requestsPerConnection, perAddress, isTrustedProxy });
  guardBodies(app, new BodyBudget(bodyMemory));
  app.addHook("onRequest", (request, reply, done) => {
    reply.header("x-request-id", request.id).header("x-content-type-options", "nosniff");
    if (strictTransport) reply.header("strict-transport-security", strictTransportHeader);
    done(hasTwoHosts(request) ? badHost() : undefined);
  });
  app.setErrorHandler((error, request, reply) => report(error, request, reply, log));
  return app;
}

function report(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Log,
): FastifyReply {
  const answer = errorReply(error);
  const requestId = request.id;
  if (answer.status === 500) log.error({ err: error, requestId }, "request failed");
  else if (answer.status > 500) log.warn({ err: error, requestId }, "request cannot be served now");
  discardBody(request, reply);
  return writeError(reply, answer);
}

/** Everything that pages of any origin may call. */
function publicApi(
  scope: FastifyInstance,
  options: ServerOptions,
  document: () => OpenApiDocument,
  stopping: AbortSignal,
): void {
  const { clock, version, readiness = [] } = options;
  allowAnyOrigin(scope);
  healthRoutes(scope, { clock, version, checks: readiness });
  openApiRoute(scope, document);
  void scope.register((functions, _options, done) => {
    functionRoutes(functions, { ...options, stopping });
    done();
  });
  for (const url of preflighted) answerPreflight(scope, url);
  refuseUnknownApi(scope);
}

/** Functions and what is told of the server; pages of any origin ask for these, known or not. */
const preflighted = [
  "/health",
  "/api/health",
  "/healthz",
  "/readyz",
  "/version",
  "/instance_version",
  "/instance_name",
  "/openapi.json",
  "/api/query",
  "/api/query_ts",
  "/api/query_at_ts",
  "/api/query_batch",
  "/api/mutation",
  "/api/action",
  "/api/function",
  "/api/run/*",
  "/api/*",
];

async function closeApp(
  app: FastifyInstance,
  stopping: AbortController,
  deadlineMs: number,
  clock: Clock,
  hurry: AbortSignal = new AbortController().signal,
): Promise<void> {
  const closed = new AbortController();
  const waiting = AbortSignal.any([closed.signal, hurry]);
  const cutOff = clock.sleep(deadlineMs, waiting).then(() => {
    if (closed.signal.aborted) return;
    stopping.abort();
    app.server.closeAllConnections();
  });
  await waitingConnections(app.server);
  await app.close();
  closed.abort();
  await cutOff;
}
