import { readFileSync } from "node:fs";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { v } from "convex/values";
import { describe, expect, it } from "vitest";
import { documented } from "../../../test/support/functions/documented.ts";
import { sampleModules } from "../../../test/support/functions/sampleModules.ts";
import examples from "../../generated/examples.json" with { type: "json" };
import { functionModules } from "../../generated/modules.ts";
import { buildRegistry } from "../registry.ts";
import { tagDescriptions, tagOf } from "../tags.ts";
import { buildOpenApi, operationIdOf } from "./openapi.ts";
import { argumentSchema, resultSchema } from "./openapiSchema.ts";

const document = buildOpenApi(buildRegistry(sampleModules), "http://127.0.0.1:3210");

const published = JSON.parse(
  readFileSync(
    new URL("../../../test/fixtures/publishedStartRecording.json", import.meta.url),
    "utf8",
  ),
);

describe("startRecording, from validators of the published shape", () => {
  const operation = document.paths[published.path]?.post;

  it("has the published path, operationId, tags and security", () => {
    expect(operation).toMatchObject({
      operationId: published.operationId,
      tags: published.tags,
      security: published.security,
    });
    expect(document.security).toEqual(published.documentSecurity);
    expect(document.components.securitySchemes["bearerAuth"]).toMatchObject(published.bearerAuth);
  });

  it("has the published request, responses and examples", () => {
    expect(operation?.requestBody).toEqual(published.requestBody);
    const contents = Object.entries(operation?.responses ?? {}).map(([status, { content }]) => [
      status,
      content,
    ]);
    expect(Object.fromEntries(contents)).toMatchObject(published.responses);
  });

  it.each(Object.keys(published.schemas))("says no less than the published schema %s", (name) => {
    expect(document.components.schemas[name]).toMatchObject(published.schemas[name]);
  });

  it("is described in full", () => {
    expect(operation?.summary).toBeTruthy();
    expect(operation?.description).toContain("For signed-in users. Kind: action.");
  });
});

describe("the document", () => {
  it("declares and describes all published tags in order", () => {
    expect(document.tags.map(({ name }) => name)).toEqual(published.declaredTags);
    expect(document.tags.every(({ description }) => description.length > 20)).toBe(true);
  });

  it("resolves every reference and has no operationId twice", () => {
    const text = JSON.stringify(document);
    for (const [, name = ""] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      expect(document.components.schemas).toHaveProperty([name]);
    const ids = Object.values(document.paths).map(({ post }) => post.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("asks administrators for their key and nobody of anybody", () => {
    const security = (path: string) => document.paths[path]?.post.security;
    expect(security("/api/run/samples/adminOnly")).toEqual([{ adminKey: [] }]);
    expect(security("/api/run/users/queries/me")).toEqual([{ bearerAuth: [] }]);
  });

  it("names the public address", () => {
    expect(document.servers[0]?.url).toBe("http://127.0.0.1:3210");
  });
});

describe("resultSchema", () => {
  it.each([
    [v.null(), { type: "string", nullable: true }],
    [v.nullable(v.string()), { type: "string", nullable: true }],
    [v.bytes(), { type: "string", format: "binary" }],
    [v.any(), {}],
    [
      v.record(v.string(), v.number()),
      { type: "object", additionalProperties: { type: "number" } },
    ],
    [v.object({}), { type: "object" }],
    [
      v.union(v.literal("a"), v.null(), v.literal(1)),
      {
        oneOf: [
          { type: "string", enum: ["a"] },
          { type: "number", enum: [1] },
          { type: "string", nullable: true, enum: [null] },
        ],
      },
    ],
    [v.nullable(v.literal("a")), { type: "string", enum: ["a", null], nullable: true }],
    [v.nullable(v.any()), {}],
  ])("describes %#", (validator, schema) => {
    expect(resultSchema(validator)).toEqual(schema);
  });
});

it("closes every object of arguments, as the server does, however deep", () => {
  const inner = v.object({ a: v.optional(v.string()) });
  const closed = {
    type: "object",
    properties: { a: { type: "string" } },
    additionalProperties: false,
  };
  expect(
    argumentSchema(
      v.object({ list: v.array(inner), map: v.record(v.string(), inner), one: inner }),
    ),
  ).toEqual({
    type: "object",
    required: ["list", "map", "one"],
    properties: {
      list: { type: "array", items: closed },
      map: { type: "object", additionalProperties: closed },
      one: closed,
    },
    additionalProperties: false,
  });
});

it("shows a call and its value of every function that can be served, as its schema has them", () => {
  const registry = buildRegistry(functionModules);
  const { allowsArguments, faultOf } = documented(registry);
  const whole = buildOpenApi(registry, "http://127.0.0.1:3210", examples);
  const without = [...registry.keys()].filter((name) => {
    const post = whole.paths[`/api/run/${name.replace(":", "/")}`]?.post;
    const sent = post?.requestBody.content["application/json"].example;
    const answered = post?.responses["200"]?.content["application/json"].example;
    if (sent === undefined || answered === undefined) return true;
    expect(allowsArguments(name, (sent as { args: unknown }).args), name).toBe(true);
    expect(faultOf(name, answered), name).toBeUndefined();
    return false;
  });
  expect(without).toEqual([]);
});

it("is clean for a linter of OpenAPI", async () => {
  const config = await createConfig({ extends: ["recommended-strict"] });
  for (const modules of [sampleModules, functionModules]) {
    const registry = buildRegistry(modules);
    const source = JSON.stringify(buildOpenApi(registry, "http://127.0.0.1:3210", examples));
    const problems = await lintFromString({ source, config });
    expect(problems.map(({ ruleId, message }) => `${ruleId}: ${message}`)).toEqual([]);
  }
});

describe("tags and operation ids", () => {
  it.each([
    ["meetings/lifecycle:createMeeting", "Meetings"],
    ["meetings/queries:listUserMeetings", "Users"],
    ["insights/queries:getUserInsights", "Users"],
    ["matching/analytics:getOutcome", "Insights"],
    ["transcripts/queries:search", "Transcripts"],
    ["notes/offline:sync", "Notes"],
    ["webrtc/x:y", "WebRTC"],
    ["system/x:y", "System"],
  ])("tags %s as %s", (path, tag) => {
    expect(tagOf(path)).toBe(tag);
    expect(tagDescriptions).toHaveProperty(tag);
  });

  it("names operations as the published API does", () => {
    expect(operationIdOf("meetings/stream/index:startRecording")).toBe(
      "postApiRunMeetingsStreamIndexStartRecording",
    );
  });
});
