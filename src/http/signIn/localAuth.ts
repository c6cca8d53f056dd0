import type { FastifyInstance, FastifyReply } from "fastify";
import type { LocalIssuer } from "../../auth/issuers/localIssuer.ts";
import { AppError } from "../../core/errors.ts";
import { CallRates } from "../../core/limits/callRates.ts";
import { RequestError } from "../replies/requestError.ts";
import { type LocalAuthPolicy, refuseForeignPage, refuseOutsider } from "./localAuthGuard.ts";
import { guardedRequest } from "./localCaller.ts";

export interface LocalAuthOptions extends LocalAuthPolicy {
  issuer: LocalIssuer;
}

const bodyLimit = 4096;
/** Names that one address may sign in under in a minute: each may become a user. */
const signInsPerMinute = 600;

/**
 * Fastify plugin of the built-in issuer: `POST /auth/local/token {"name"}` → `{token, expiresAt}` (epoch ms),
 * and `GET /auth/local/jwks.json`. Never sends CORS headers.
 * @throws from its routes, for the server's error handler: RequestError for who or what it does not serve, AppError
 * VALIDATION_ERROR (`metadata.field`) for a name that cannot be used, RATE_LIMIT_EXCEEDED for too many from one address
 */
export async function localAuth(app: FastifyInstance, options: LocalAuthOptions): Promise<void> {
  const { issuer } = options;
  const signIns = new CallRates(() => performance.now());
  acceptJsonOnly(app);
  app.addHook("onRequest", async (request, reply) => {
    secure(reply);
    throwIfAny(refuseOutsider(guardedRequest(request), options));
  });
  app.addHook("onSend", async (_request, reply) => withoutCors(reply));

  app.post("/auth/local/token", {
    bodyLimit,
    onRequest: async (request) => throwIfAny(refuseForeignPage(guardedRequest(request), options)),
    handler: ({ body, ip }) => {
      const retryAfterMs = signIns.take(ip, signInsPerMinute);
      if (retryAfterMs === undefined) return issuer.issue(nameIn(body));
      const limit = signInsPerMinute;
      throw new AppError("RATE_LIMIT_EXCEEDED", `At most ${limit} sign-ins in 60 s`, {
        ...{ action: "sign_in", limit, retryAfterMs },
      });
    },
  });
  // Answered here, so that a preflight never falls through to a handler that grants it.
  app.options("/auth/local/token", async () => {
    throw new RequestError(405, "MethodNotAllowed", "Only POST", { allow: "POST" });
  });
  app.get("/auth/local/jwks.json", () => issuer.jwks);
}

/** Whatever the server around it parses: a form or plain text needs no preflight, so none may get through. */
function acceptJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "application/json",
    { parseAs: "string", bodyLimit },
    app.getDefaultJsonParser("error", "error"),
  );
}

function secure(reply: FastifyReply): void {
  reply.headers({
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
  });
}

/** The function API around it invites every origin; this must not. */
async function withoutCors(reply: FastifyReply): Promise<void> {
  for (const name of Object.keys(reply.getHeaders())) {
    if (name.toLowerCase().startsWith("access-control-")) reply.removeHeader(name);
  }
}

function nameIn(body: unknown): unknown {
  return typeof body === "object" && body !== null && "name" in body ? body.name : undefined;
}

function throwIfAny(refusal: RequestError | undefined): void {
  if (refusal !== undefined) throw refusal;
}
