import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { functionModules } from "../../src/generated/modules.ts";
import { operationIdOf } from "../../src/runtime/openapi/openapi.ts";
import {
  argumentSchema,
  resultSchema,
  type Schema,
} from "../../src/runtime/openapi/openapiSchema.ts";
import { buildRegistry, type RegisteredFunction } from "../../src/runtime/registry.ts";
import { tagOf } from "../../src/runtime/tags.ts";

/** A function as the published document has it, one a line. */
interface PublishedFunction {
  name: string;
  kind: string;
  tag: string;
  operationId: string;
  args: Schema;
  returns: Schema;
}

const lines = readFileSync(new URL("../fixtures/publishedApi.jsonl", import.meta.url), "utf8");
const published = new Map(
  lines
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as PublishedFunction)
    .map((fn) => [fn.name, fn]),
);
const served = [...buildRegistry(functionModules).values()].flatMap((fn) => {
  const page = published.get(fn.name);
  return page ? [[fn.name, fn, page] as const] : [];
});

/** What we add to the published schemas, all of it optional, by function: `args` or `returns`, then the path. */
const extensions: Readonly<Record<string, readonly string[]>> = {
  "audit/logging:getAuditLogs": ["args.cursor", "args.orgId", "returns.continueCursor"],
  "meetings/queries:getMeeting": [
    "returns.recording",
    "returns.transcription",
    "returns.transcriptionEnabled",
  ],
  "meetings/queries:listUserMeetings": ["returns[].recording"],
  "realtime/subscriptions:subscribeTranscriptStream": ["returns.transcripts[].correctedAt"],
  "transcripts/ingestion:getTranscriptChunks": ["returns[].correctedAt"],
  // Convex's clients send both, and refuse to page without.
  "users/queries:listActiveUsersInOrg": ["args.paginationOpts.endCursor", "args.paginationOpts.id"],
};

/** The schema in one spelling, without the fields at `dropped`; fails where such a field is missing or required. */
function canonical(
  schema: Schema & { "x-table"?: string },
  at: string,
  dropped: Set<string>,
): unknown {
  const { description, additionalProperties, properties = {}, required = [], ...rest } = schema;
  const table = schema["x-table"] ?? /^ID from table "(\w+)"$/.exec(description ?? "")?.[1];
  const fields = Object.entries(properties).flatMap(([name, field]) => {
    const path = `${at}.${name}`;
    if (dropped.delete(path)) {
      expect(required, `${path} is ours and must be optional`).not.toContain(name);
      return [];
    }
    return [[name, canonical(field, path, dropped)] as const];
  });
  return {
    ...rest,
    ...(table && { "x-table": table }),
    ...(schema.items && { items: canonical(schema.items, `${at}[]`, dropped) }),
    ...(schema.oneOf && { oneOf: schema.oneOf.map((one) => canonical(one, at, dropped)) }),
    // The published document spells a map as an object of which nothing is known.
    properties: Object.fromEntries(fields),
    required: [...required].sort(),
  };
}

function compare(fn: RegisteredFunction, page: PublishedFunction): void {
  const dropped = new Set(extensions[fn.name]);
  const ours = {
    args: canonical(argumentSchema(fn.argsValidator), "args", dropped),
    returns: canonical(resultSchema(fn.definition.returns), "returns", dropped),
  };
  expect([...dropped], "extensions that are not there").toEqual([]);
  const none = new Set<string>();
  expect(ours).toEqual({
    args: canonical(page.args, "args", none),
    returns: canonical(page.returns, "returns", none),
  });
}

describe("the published document", () => {
  it("is known in full", () => {
    expect(published.size).toBe(170);
    expect(served.length).toBeGreaterThan(15);
  });

  it.each(served)("has %s with our arguments and result", (_name, fn, page) => {
    compare(fn, page);
  });

  it.each(served)("has %s with our kind, operation id and tag", (name, { definition }, page) => {
    expect(definition.kind).toBe(page.kind);
    expect(operationIdOf(name)).toBe(page.operationId);
    expect(definition.docs.tags?.[0] ?? tagOf(name)).toBe(page.tag);
  });
});
