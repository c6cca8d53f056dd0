import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Identity } from "../../auth/identity.ts";
import type { Authenticator } from "../../auth/tokens/authenticator.ts";
import { defaultArgsBytes, type FunctionKind } from "../../runtime/builders.ts";
import { textLimit } from "../../runtime/call/arguments.ts";
import type { Invoker } from "../../runtime/call/invoke.ts";
import { errorMessage, type Failure, type Outcome } from "../../runtime/call/outcome.ts";
import { type ParsedPath, parseFunctionPath, parseRunPath } from "../../runtime/functionPath.ts";
import type { Registry } from "../../runtime/registry.ts";
import type { Format } from "../../runtime/values/values.ts";
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
  readFunctionBody,
  strangerBodyLimit,
} from "./functionBody.ts";

export interface FunctionRoutesOptions {
  registry: Registry;
  invoker: Invoker;
  authenticator: Authenticator;
  /** Aborts when the server gives up on calls that are still running. */
  stopping: AbortSignal;
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
    const { invoker, stopping } = this.#options;
    const outcome = await invoker.invoke({
      name,
      kind,
      args: body.args,
      argsBytes: body.bytes,
      format,
      identity,
      requestId: request.id,
      signal: () => AbortSignal.any([disconnectSignal(reply), stopping]),
    });
    return send(envelope, outcome, request.id, reply);
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
  reply
    .header("content-type", "application/json; charset=utf-8")
    .header("cache-control", "no-store");
  return outcome.ok
    ? reply.send(successText(envelope, outcome.json))
    : sendFailure(envelope, outcome.failure, requestId, reply);
}

function successText(envelope: Envelope, json: string): string {
  return envelope === "run"
    ? `{"status":"success","errorMessage":"","errorData":{},"value":${json}}`
    : `{"status":"success","value":${json}}`;
}

function sendFailure(
  envelope: Envelope,
  failure: Failure,
  requestId: string,
  reply: FastifyReply,
): FastifyReply {
  switch (failure.kind) {
    case "refused":
      return reply.send(
        JSON.stringify({
          status: "error",
          errorMessage: errorMessage(requestId, failure),
          ...((failure.typed || envelope === "run") && { errorData: failure.data }),
        }),
      );
    case "unavailable": {
      const { code, message, retryAfterMs } = failure;
      const { status, headers, body } = unavailableReply(code, message, retryAfterMs);
      return reply.code(status).headers(headers).send(JSON.stringify(body));
    }
    case "broken":
      return reply.code(500).send(JSON.stringify(internalErrorBody));
  }
}
