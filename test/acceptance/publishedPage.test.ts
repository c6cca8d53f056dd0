import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { functionModules } from "../../src/generated/modules.ts";
import { buildOpenApi, type OpenApiDocument } from "../../src/runtime/openapi/openapi.ts";
import { buildRegistry } from "../../src/runtime/registry.ts";

interface PublishedPage {
  path: string;
  operationId: string;
  tags: string[];
  declaredTags: string[];
  requestBody: object;
  responses: Record<string, object>;
  security: object[];
  documentSecurity: object[];
  schemas: Record<string, object>;
  bearerAuth: object;
}

const page: PublishedPage = JSON.parse(
  readFileSync(new URL("../fixtures/publishedStartRecording.json", import.meta.url), "utf8"),
);
const document: OpenApiDocument = buildOpenApi(
  buildRegistry(functionModules),
  "http://127.0.0.1:3210",
);

describe("the published page of startRecording", () => {
  const operation = document.paths[page.path]?.post;

  it("has our path, operationId, tags and security", () => {
    expect(operation).toMatchObject({
      operationId: page.operationId,
      tags: page.tags,
      security: page.security,
    });
    expect(document.security).toEqual(page.documentSecurity);
    expect(document.components.securitySchemes["bearerAuth"]).toMatchObject(page.bearerAuth);
    expect(document.tags.map(({ name }) => name)).toEqual(page.declaredTags);
  });

  // Ours says more, and what the server does beside: refusals of any call, that other fields are refused.
  it("has our request, responses and examples", () => {
    expect(operation?.requestBody).toEqual(page.requestBody);
    const contents = Object.entries(operation?.responses ?? {}).map(([status, { content }]) => [
      status,
      content,
    ]);
    expect(Object.fromEntries(contents)).toMatchObject(page.responses);
  });

  it.each(Object.keys(page.schemas))("has our schema %s", (name) => {
    expect(document.components.schemas[name]).toMatchObject(page.schemas[name] ?? {});
  });

  it("gets from us the summary and the description it lacks", () => {
    expect(operation?.summary).toBe("startRecording");
    expect(operation?.description).toMatch(/^[A-Z][\s\S]{200,}\.$/);
  });
});

describe("every function", () => {
  it.each(Object.entries(document.paths))("%s is described", (_path, { post }) => {
    expect(post.summary.length).toBeGreaterThan(3);
    expect(post.description.length).toBeGreaterThan(60);
  });
});
