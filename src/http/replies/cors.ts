import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

const vary = "origin, access-control-request-method, access-control-request-headers";

/**
 * Lets pages of any origin call the routes of `scope`. Safe because callers prove themselves by a header
 * that only their own code can set: there are no cookies here.
 */
export function allowAnyOrigin(scope: FastifyInstance): void {
  scope.addHook("onRequest", (request, reply, done) => {
    allowOrigin(request, reply);
    done();
  });
}

function allowOrigin(request: FastifyRequest, reply: FastifyReply): void {
  const { origin } = request.headers;
  if (origin !== undefined) reply.header("access-control-allow-origin", origin);
  reply.header("access-control-allow-credentials", "true").header("vary", vary);
}

/** Answers preflights for `url` at once, whatever they ask for; `headers` say what else can be done there. */
export function answerPreflight(
  scope: FastifyInstance,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  scope.options(url, (request, reply) => {
    const asked = request.headers["access-control-request-headers"];
    if (asked !== undefined) reply.header("access-control-allow-headers", asked);
    return reply
      .headers(headers)
      .header("access-control-allow-methods", "GET,POST,OPTIONS,PATCH,DELETE,PUT")
      .header("access-control-max-age", "86400")
      .code(200)
      .send();
  });
}
