import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SampleServer, sampleServer } from "../support/functions/sampleServer.ts";

let server: SampleServer;

beforeAll(async () => {
  server = sampleServer();
  await server.app.ready();
});

afterAll(() => server.app.close());

const names = fc.constantFrom(
  "messages:list",
  "messages:__proto__",
  "__proto__:constructor",
  "constructor:prototype",
  "toString",
  "hasOwnProperty:call",
  "../../etc/passwd:x",
  "meetings/stream/index:startRecording",
  "samples:echo",
  "counter:add",
);
/** The client would resolve `..` itself; encoded it reaches the server. */
const addresses = names.map((name) =>
  name
    .replace(":", "/")
    .split("/")
    .map((part) => (part === ".." ? "%2e%2e%2f" : part))
    .join("/"),
);
const urls = fc.oneof(
  fc.constantFrom("/api/query", "/api/mutation", "/api/action", "/api/function"),
  fc.tuple(addresses, fc.webPath()).map(([name, path]) => `/api/run/${name}${path}`),
  names.map((name) => `/api/run/${encodeURIComponent(name)}`),
  addresses.map((name) => `/api/run/${name}`),
);
const trickyKeys = fc.constantFrom(
  "__proto__",
  "constructor",
  "toString",
  "$integer",
  "$bytes",
  "$float",
  "$",
  "meetingId",
  "recordingConfig",
  "by",
  "value",
  "",
);
const anything = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.jsonValue(),
    fc.constantFrom("\0", "\ud800", 1e308, -0, "AQAAAAAAAAA="),
    fc.array(tie("node"), { maxLength: 4 }),
    // Written as text, so that `__proto__` becomes a key of the JSON rather than a prototype here.
    fc
      .array(fc.tuple(fc.oneof(trickyKeys, fc.string()), tie("node")), { maxLength: 4 })
      .map(
        (entries) =>
          new JsonText(
            `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${write(value)}`).join(",")}}`,
          ),
      ),
  ),
})).node;

class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

function write(value: unknown): string {
  if (value instanceof JsonText) return value.text;
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  return JSON.stringify(value) ?? "null";
}

const bodies = fc.oneof(
  fc
    .tuple(names, anything, fc.option(fc.string()))
    .map(
      ([path, args, format]) =>
        `{"path":${JSON.stringify(path)},"args":${write(args)}${format === null ? "" : `,"format":${JSON.stringify(format)}`}}`,
    ),
  anything.map(write),
  fc.string(),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
);
const headers = fc.record(
  {
    "content-type": fc.oneof(
      { weight: 8, arbitrary: fc.constant("application/json") },
      {
        weight: 1,
        arbitrary: fc.constantFrom("text/plain", "application/", ";", "application/json;charset=%"),
      },
    ),
    "convex-client": fc.constantFrom(
      "npm-1.48.0",
      "-",
      "npm",
      "__proto__-1.0.0",
      "x-99999999999.1.1",
    ),
    authorization: fc.constantFrom("Bearer user:alice", "Bearer ", "x", "Convex admin"),
    "convex-request-id": fc.constantFrom("abc", "x".repeat(500), "a b"),
  },
  { requiredKeys: [] },
);

describe("whatever is posted to the function API", () => {
  it("is answered with a JSON body and never breaks the server", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(urls, bodies, headers, async (url, payload, chosen) => {
        const response = await server.app.inject({ method: "POST", url, payload, headers: chosen });
        expect([200, 400, 401, 403]).toContain(response.statusCode);
        const body: unknown = response.json();
        expect(body).toEqual(
          response.statusCode === 200
            ? expect.objectContaining({ status: expect.stringMatching(/^(success|error)$/) })
            : { code: expect.any(String), message: expect.any(String) },
        );
      }),
      { numRuns: 1500 },
    );
    expect("polluted" in {}).toBe(false);
    expect(server.log.lines).toEqual([]);
  });

  it("never reaches inherited members", async () => {
    for (const path of [
      "messages:__proto__",
      "messages:toString",
      "__proto__:list",
      "constructor",
    ]) {
      const payload = { path, args: {} };
      const response = await server.app.inject({ method: "POST", url: "/api/query", payload });
      expect(response.json()).toMatchObject({ status: "error" });
    }
  });

  it.each([
    ["arrays", "[", "]"],
    ["objects", '{"a":', "}"],
  ])("survives %s nested 30,000 deep", async (_name, open, close) => {
    const levels = 30_000;
    const nested = `${open.repeat(levels)}1${close.repeat(levels)}`;
    const response = await server.app.inject({
      method: "POST",
      url: "/api/run/samples/echo",
      headers: { "content-type": "application/json", authorization: "Bearer user:alice" },
      payload: `{"args":{"value":${nested}}}`,
    });
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({
      code: "BadJsonBody",
      message: expect.stringContaining("recursion limit exceeded"),
    });
  });
});
