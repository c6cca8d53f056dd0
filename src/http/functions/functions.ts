import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Identity } from "../../auth/identity.ts";
import type { Authenticator } from "../../auth/tokens/authenticator.ts";
import { defaultArgsBytes, type FunctionKind } from "../../runtime/builders.ts";
import { textLimit } from "../../runtime/call/arguments.ts";
import type { Call, Invoker } from "../../runtime/call/invoke.ts";
import { errorMessage, type Outcome } from "../../runtime/call/outcome.ts";
import { type ParsedPath, parseFunctionPath, parseRunPath } from "../../runtime/functionPath.ts";
import type { Registry } from "../../runtime/registry.ts";
import type { Format } from "../../runtime/values/values.ts";
import { encodeTs } from "../../sync/protocol.ts";
import { bodyTooLong } from "../limits/bodyGuard.ts";
import { disconnectSignal } from "../replies/disconnect.ts";
import { internalErrorBody, unavailableReply } from "../replies/errorReply.ts";
import { RequestError } from "../replies/requestError.ts";
import { defaultFormat } from "./convexClient.ts";
import {
  acceptJsonOnly,
  bodyError,
  type FunctionBody,
  formatOf,
  pathOf,
  readBatchBody,
  readFunctionBody,
  strangerBodyLimit,
  timestampOf,
} from "./functionBody.ts";

export interface FunctionRoutesOptions {
  registry: Registry;
  invoker: Invoker;
  authenticator: Authenticator;
  /** Aborts when the server gives up on calls that are still running. */
  stopping: AbortSignal;
  /** The number of the database's present state. */
  commitTs(): Promise<bigint>;
}

/** `/api/run` writes the published envelope, the other endpoints what Convex's clients read. */
type Envelope = "run" | "convex";

const kinds: readonly FunctionKind[] = ["query", "mutation", "action"];

/** Adds the addresses under which functions are called. `scope` must be theirs alone. */
export function functionRoutes(scope: FastifyInstance, options: FunctionRoutesOptions): void {
  const edge = new FunctionEdge(options);
  acceptJsonOnly(scope, edge.bodyLimit());
  scope.decorateRequest("caller");
  scope.setErrorHandler((error) => {
    throw bodyError(error) ?? error;
  });
  scope.post<{ Params: { "*": string } }>(
    "/api/run/*",
    {
      onRequest: (request) => edge.admit(request, edge.bodyLimitAt(request.params["*"])),
    },
    (request, reply) => edge.run(request, request.params["*"], reply),
  );
  for (const kind of kinds) {
    const onRequest = (request: FastifyRequest) => edge.admit(request, edge.bodyLimit(kind));
    scope.post(`/api/${kind}`, { onRequest }, (request, reply) => edge.call(request, kind, reply));
  }
  const onRequest = (request: FastifyRequest) => edge.admit(request, edge.bodyLimit());
  scope.post("/api/function", { onRequest }, (request, reply) => edge.callAny(request, reply));
  scope.post("/api/query_at_ts", { onRequest }, (request, reply) => edge.callAt(request, reply));
  scope.post("/api/query_batch", { onRequest }, (request, reply) => edge.batch(request, reply));
  void scope.register((bodiless, _options, done) => {
    timestampRoute(bodiless, options);
    done();
  });
}

/** Convex's client sends no body and says that it is JSON; whatever comes is not read. */
function timestampRoute(scope: FastifyInstance, { commitTs }: FunctionRoutesOptions): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", { parseAs: "buffer", bodyLimit: 1024 }, async () => null);
  scope.post("/api/query_ts", async (_request, reply) =>
    reply.header("cache-control", "no-store").send({ ts: encodeTs(await commitTs()) }),
  );
}

declare module "fastify" {
  interface FastifyRequest {
    /** Who calls a function, or why that cannot be known; found out before anything of the body is read. */
    caller?: { identity: Identity } | { error: unknown };
  }
}

class FunctionEdge {
  readonly #options: FunctionRoutesOptions;
  /** Address → name of every function, so that a good address needs no parsing. */
  readonly #addresses: ReadonlyMap<string, ParsedPath>;

  constructor(options: FunctionRoutesOptions) {
    this.#options = options;
    this.#addresses = new Map(
      [...options.registry.keys()].map((name) => [name.replace(":", "/"), { ok: true, name }]),
    );
  }

  /** Longest body of a call of that kind, or of any, bytes. */
  bodyLimit(kind?: FunctionKind): number {
    const declared = [...this.#options.registry.values()]
      .map(({ definition }) => definition)
      .filter((definition) => kind === undefined || definition.kind === kind)
      .map(({ maxArgsBytes }) => maxArgsBytes);
    return textLimit(Math.max(defaultArgsBytes, ...declared));
  }

  /** Longest body of a call of the function at this address, bytes. */
  bodyLimitAt(address: string): number {
    const path = this.#addresses.get(address);
    const fn = path?.ok ? this.#options.registry.get(path.name) : undefined;
    return textLimit(fn?.definition.maxArgsBytes ?? defaultArgsBytes);
  }

  /**
   * Finds out who calls before the body is read, and with that how long it may be. Bad credentials are refused where they always
   * were, after the path; a longer body than a stranger's is not read for them.
   */
  async admit(request: FastifyRequest, limit: number): Promise<void> {
    const strangerLimit = Math.min(limit, strangerBodyLimit);
    try {
      const { authorization } = request.headers;
      const identity = await this.#options.authenticator.authenticate(authorization);
      request.caller = { identity };
      request.bodyAllowance =
        identity.kind === "anonymous"
          ? {
              limit: strangerLimit,
              refusal: bodyTooLong(strangerLimit, " of a caller who is not signed in"),
            }
          : { limit, share: nameOfCaller(identity), refusal: bodyTooLong(limit) };
    } catch (error) {
      request.caller = { error };
      request.bodyAllowance = { limit: strangerLimit, refusal: error };
    }
  }

  /**
   * `/api/run/<module>/<function>`: any kind of function.
   * @throws RequestError for what is no call of a function, AuthError for bad credentials
   */
  async run(request: FastifyRequest, address: string, reply: FastifyReply): Promise<FastifyReply> {
    defaultFormat(request.headers["convex-client"]);
    const body = readFunctionBody(request.body);
    const identity = identityOf(request);
    const path = this.#addresses.get(address) ?? parseRunPath(address);
    if (path === undefined)
      throw new RequestError(
        400,
        "MissingIdentifier",
        "Path or function name not provided in path, e.g. /api/run/messages/list",
      );
    const name = nameOf(path, address);
    const format = formatOf(body, "json");
    return this.#answer("run", { name, kind: undefined, body, format, identity }, request, reply);
  }

  /** `/api/query`, `/api/mutation`, `/api/action`: the path in the body, the kind in the address. @throws as `run` */
  async call(
    request: FastifyRequest,
    kind: FunctionKind,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const fallback = defaultFormat(request.headers["convex-client"]);
    const body = readFunctionBody(request.body);
    const name = this.#nameIn(body);
    const identity = identityOf(request);
    const format = formatOf(body, fallback);
    return this.#answer("convex", { name, kind, body, format, identity }, request, reply);
  }

  /**
   * `/api/query_at_ts`: as `/api/query`, in a state not older than the one named. It is the present one: what a query gave in a state
   * that has passed is not kept.
   * @throws as `run`; RequestError for a state there has not been
   */
  async callAt(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const ts = timestampOf(readFunctionBody(request.body));
    if (ts > (await this.#options.commitTs()))
      throw new RequestError(400, "BadTimestamp", "There has been no state with this timestamp");
    return this.call(request, "query", reply);
  }

  /** `/api/query_batch`: several queries in one state. @throws as `run` */
  async batch(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const fallback = defaultFormat(request.headers["convex-client"]);
    const bodies = readBatchBody(request.body);
    const identity = identityOf(request);
    const calls = bodies.map((body) => ({
      ...this.#callOf(this.#nameIn(body), "query", body, identity, request, reply),
      format: formatOf(body, fallback),
    }));
    const outcomes = await this.#options.invoker.queryTogether(calls);
    const failed = outcomes.find((one) => !one.ok && one.failure.kind !== "refused");
    if (failed) return send("convex", failed, request.id, reply);
    const texts = outcomes.map((one) => textOf("convex", one, request.id));
    return json(reply).send(`{"results":[${texts.join(",")}]}`);
  }

  /** `/api/function`: any kind of function, for administration. @throws as `run`; RequestError 403 for everybody else */
  async callAny(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const fallback = defaultFormat(request.headers["convex-client"]);
    const body = readFunctionBody(request.body);
    const identity = identityOf(request);
    if (identity.kind !== "admin")
      throw new RequestError(
        403,
        "BadDeployKey",
        "The provided deploy key was invalid for this deployment. Double check that the environment this key was generated for matches the desired deployment.",
      );
    const name = this.#nameIn(body);
    const format = formatOf(body, fallback);
    const call = { name, kind: undefined, body, format, identity };
    return this.#answer("convex", call, request, reply);
  }

  #nameIn(body: FunctionBody): string {
    const path = pathOf(body);
    return this.#options.registry.has(path) ? path : nameOf(parseFunctionPath(path), path);
  }

  async #answer(
    envelope: Envelope,
    call: {
      name: string;
      kind: FunctionKind | undefined;
      body: FunctionBody;
      format: Format;
      identity: Identity;
    },
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const { name, kind, body, format, identity } = call;
    const { invoker } = this.#options;
    const asked = this.#callOf(name, kind, body, identity, request, reply);
    return send(envelope, await invoker.invoke({ ...asked, format }), request.id, reply);
  }

  #callOf(
    name: string,
    kind: FunctionKind | undefined,
    body: FunctionBody,
    identity: Identity,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Omit<Call, "format"> {
    const { stopping } = this.#options;
    return {
      name,
      kind,
      args: body.args,
      argsBytes: body.bytes,
      identity,
      requestId: request.id,
      signal: () => AbortSignal.any([disconnectSignal(reply), stopping]),
    };
  }
}

function identityOf({ caller }: FastifyRequest): Identity {
  if (caller === undefined) throw new Error("the caller has not been asked for");
  if ("error" in caller) throw caller.error;
  return caller.identity;
}

/** Whose share of the server a body counts against. */
function nameOfCaller(identity: Exclude<Identity, { kind: "anonymous" }>): string {
  return identity.kind === "user" ? `${identity.issuer}|${identity.subject}` : identity.kind;
}

function nameOf(path: ParsedPath, text: string): string {
  if (path.ok) return path.name;
  throw new RequestError(
    400,
    "BadConvexFunctionIdentifier",
    `${text.slice(0, 256)} is not a valid path to a Convex function. ${path.reason}`,
  );
}

function send(
  envelope: Envelope,
  outcome: Outcome,
  requestId: string,
  reply: FastifyReply,
): FastifyReply {
  if (outcome.ok || outcome.failure.kind === "refused")
    return json(reply).send(textOf(envelope, outcome, requestId));
  const { failure } = outcome;
  if (failure.kind === "broken")
    return json(reply).code(500).send(JSON.stringify(internalErrorBody));
  const { code, message, retryAfterMs } = failure;
  const { status, headers, body } = unavailableReply(code, message, retryAfterMs);
  return json(reply).code(status).headers(headers).send(JSON.stringify(body));
}

const json = (reply: FastifyReply) =>
  reply
    .header("content-type", "application/json; charset=utf-8")
    .header("cache-control", "no-store");

/** The body that tells of a call whose caller is told. */
function textOf(envelope: Envelope, outcome: Outcome, requestId: string): string {
  if (outcome.ok)
    return envelope === "run"
      ? `{"status":"success","errorMessage":"","errorData":{},"value":${outcome.json}}`
      : `{"status":"success","value":${outcome.json}}`;
  const { failure } = outcome;
  if (failure.kind !== "refused") throw new Error("nobody is told of this in words");
  return JSON.stringify({
    status: "error",
    errorMessage: errorMessage(requestId, failure),
    ...((failure.typed || envelope === "run") && { errorData: failure.data }),
  });
}
