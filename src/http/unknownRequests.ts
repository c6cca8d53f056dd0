import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  HTTPMethods,
  RouteOptions,
} from "fastify";

const allMethods: readonly HTTPMethods[] = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "TRACE",
];

/** Addresses that stand for whatever is not known otherwise. */
const catchAlls = ["/*", "/api/*"];

/**
 * Answers what nobody serves, whatever its body: 404 for an unknown address, 405 with `Allow` for a known one with another
 * method, both empty. Call it before routes are added.
 * @returns adds the refusals; to be called when all routes are there
 */
export function refuseUnknown(app: FastifyInstance): () => void {
  /** Where each address was registered: that scope's hooks (CORS, who may come) hold for the refusal too. */
  const scopes = new Map<string, FastifyInstance>();
  app.addHook("onRoute", function (this: FastifyInstance, { url }: RouteOptions) {
    if (!catchAlls.includes(url) && !scopes.has(url)) scopes.set(url, this);
  });
  app.setNotFoundHandler(notFound);
  app.addHook("onRequest", (request, reply, done) => {
    if (request.is404) void notFound(request, reply);
    else done();
  });
  return () => {
    for (const [url, scope] of [...scopes]) refuseOthers(scope, url);
  };
}

function refuseOthers(scope: FastifyInstance, url: string): void {
  const isServed = (method: HTTPMethods) => scope.hasRoute({ url, method });
  const method = allMethods.filter((one) => !isServed(one));
  if (method.length === 0) return;
  const allow = allMethods.filter(isServed).join(", ");
  const refuse = (_request: FastifyRequest, reply: FastifyReply) =>
    reply.code(405).header("allow", allow).send();
  // Before the body is looked at, which may be none that is taken here.
  const onRequest = async (request: FastifyRequest, reply: FastifyReply) => refuse(request, reply);
  scope.route({
    // A scope puts its prefix in front of what it is given.
    url: url.slice(scope.prefix.length),
    prefixTrailingSlash: "slash",
    method,
    exposeHeadRoute: false,
    onRequest,
    handler: refuse,
  });
}

/** The rest of `scope`'s addresses below `/api`, which pages of any origin may ask for too. */
export function refuseUnknownApi(scope: FastifyInstance): void {
  const onRequest = async (request: FastifyRequest, reply: FastifyReply) =>
    notFound(request, reply);
  const method = allMethods.filter((one) => one !== "OPTIONS");
  scope.route({ url: "/api/*", method, onRequest, handler: notFound });
}

function notFound(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.code(404).send();
}
