import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";
import type { OpenAPIV3 } from "openapi-types";
import {
  type ApiExamples,
  buildOpenApi,
  type OpenApiDocument,
} from "../runtime/openapi/openapi.ts";
import type { Registry } from "../runtime/registry.ts";

/** Makes the document when it is first asked for: the public address may not be known before the server listens. */
export function lazyOpenApi(
  registry: Registry,
  publicUrl: () => string,
  examples: ApiExamples | undefined,
): () => OpenApiDocument {
  let document: OpenApiDocument | undefined;
  return () => {
    document ??= buildOpenApi(registry, publicUrl(), examples);
    return document;
  };
}

/** `/docs`: the API document to read and try out; its scripts and styles come from this server alone. */
export async function docsRoutes(
  scope: FastifyInstance,
  document: () => OpenApiDocument,
): Promise<void> {
  const asSwagger = () => document() as unknown as OpenAPIV3.Document;
  const placeholder = { openapi: "3.0.3", info: { title: "Connvo API", version: "" }, paths: {} };
  await scope.register(swagger, { mode: "static", specification: { document: placeholder } });
  await scope.register(swaggerUi, {
    routePrefix: "/docs",
    // Without validatorUrl the page would send the document to a validator on the internet. Tags are opened one by one: to draw
    // hundreds of functions at once takes a slow machine half a minute.
    uiConfig: { validatorUrl: null, docExpansion: "none", deepLinking: true, filter: true },
    theme: { title: "Connvo API" },
    logo: { type: "image/svg+xml", content: Buffer.from(wordmark), href: "/docs" },
    transformSpecification: asSwagger,
    staticCSP: contentSecurityPolicy,
    transformStaticCSP: (policy) => policy + targetsOf(document()),
  });
}

const wordmark =
  '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="40"><text x="0" y="28" fill="#fff" font-family="sans-serif" font-size="26" font-weight="700">Connvo</text></svg>';

const contentSecurityPolicy = [
  "default-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "form-action 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
].join("; ");

/** Calls tried out go to the public address, which may differ from the one the page came from. */
function targetsOf({ servers }: OpenApiDocument): string {
  return servers.map(({ url }) => ` ${new URL(url).origin}`).join("");
}

/** `/openapi.json`, written once: the same bytes for everybody, however many read slowly. */
export function openApiRoute(scope: FastifyInstance, document: () => OpenApiDocument): void {
  let text: Buffer | undefined;
  scope.get("/openapi.json", (_request, reply) => {
    text ??= Buffer.from(JSON.stringify(document()));
    return reply.header("content-type", "application/json; charset=utf-8").send(text);
  });
}
