import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { post as postTo, query, type Sent } from "../../../test/support/functions/post.ts";
import { type SampleServer, sampleServer } from "../../../test/support/functions/sampleServer.ts";

let server: SampleServer;
const post = (sent: Sent) => postTo(server, sent);

beforeAll(async () => {
  server = sampleServer();
  await server.app.ready();
});

afterAll(() => server.app.close());

const requestId = "0123456789abcdef";
const withId = { "convex-request-id": requestId };
const prefix = `[Request ID: ${requestId}] Server Error\n`;

describe("successful calls", () => {
  it("answers on /api/run with exactly the published envelope", async () => {
    const { status, body, response } = await post({
      url: "/api/run/messages/list",
      body: { args: { limit: 2 } },
    });
    expect(status).toBe(200);
    expect(body).toEqual({ status: "success", errorMessage: "", errorData: {}, value: ["a", "b"] });
    expect(response.headers["content-type"]).toMatch(/^application\/json/);
  });

  it.each(["messages:list", "messages.js:list", "messages", "messages:default"])(
    "finds %s on /api/query and answers without errorData",
    async (path) => {
      const { status, body } = await post({ url: "/api/query", body: { path, args: [{}] } });
      expect([status, body]).toEqual([200, { status: "success", value: ["a", "b", "c"] }]);
    },
  );

  it("takes the arguments as an object or as a list of one", async () => {
    for (const args of [{ by: 1 }, [{ by: 1 }]]) {
      const { body } = await post({ url: "/api/mutation", body: { path: "counter:add", args } });
      expect(body).toMatchObject({ status: "success" });
    }
  });

  it("runs queries, mutations and actions under /api/run", async () => {
    const kinds = [
      ["counter/total", {}],
      ["counter/add", { by: 0 }],
      ["messages/default", {}],
    ] as const;
    for (const [path, args] of kinds) {
      const { body } = await post({ url: `/api/run/${path}`, body: { args } });
      expect(body).toMatchObject({ status: "success" });
    }
  });

  it.each(["//api/query", "/api//query"])("tolerates the double slash of %s", async (url) => {
    const { status } = await post({ url, body: { path: "messages:list", args: {} } });
    expect(status).toBe(200);
  });

  it.each(["application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.api+json"])(
    "takes the content type %s",
    async (type) => {
      const { status } = await post({
        url: "/api/run/messages/list",
        body: { args: {} },
        headers: { "content-type": type },
      });
      expect(status).toBe(200);
    },
  );

  it("lets an administrator call any kind through /api/function", async () => {
    const { body } = await post({
      url: "/api/function",
      body: { path: "counter:add", args: { by: 0 }, componentPath: "" },
      headers: { authorization: "Convex admin" },
    });
    expect(body).toMatchObject({ status: "success" });
  });
});

describe("formats", () => {
  const special = {
    value: {
      int: { $integer: "AQAAAAAAAAA=" },
      bytes: { $bytes: "AAEC" },
      nan: { $float: "AAAAAAAA+H8=" },
      zero: { $float: "AAAAAAAAAIA=" },
      plain: 1.5,
    },
  };
  const clean = { int: "1", bytes: "AAEC", nan: "NaN", zero: 0, plain: 1.5 };

  it.each(["json", "convex_clean_json"])("writes clean JSON for %s", async (format) => {
    const { body } = await post({ url: "/api/run/samples/echo", body: { args: special, format } });
    expect(body).toMatchObject({ value: clean });
  });

  it.each(["convex_encoded_json", "convex_json"])("writes losslessly for %s", async (format) => {
    const { body } = await post({
      url: "/api/query",
      body: { path: "samples:echo", args: special, format },
    });
    expect(body).toMatchObject({ value: special.value });
  });

  it.each([
    ["/api/query", "npm-1.4.0", special.value],
    ["/api/query", "npm-1.48.0", clean],
    ["/api/query", "python-0.4.9", special.value],
    ["/api/query", undefined, clean],
    ["/api/run/samples/echo", "npm-1.4.0", clean],
  ])("on %s defaults for client %s as Convex does", async (url, client, value) => {
    const { body } = await post({
      url,
      body: { path: "samples:echo", args: special },
      headers: client === undefined ? {} : { "convex-client": client },
    });
    expect(body).toMatchObject({ value });
  });

  it("refuses an unknown format before the function runs", async () => {
    const before = server.db.total;
    const { status, body } = await post({
      url: "/api/mutation",
      body: { path: "counter:add", args: { by: 5 }, format: "xml" },
    });
    expect(status).toBe(400);
    expect(body).toEqual({
      code: "BadFormat",
      message: "format param must be one of [`json`]. Got xml",
    });
    expect(server.db.total).toBe(before);
  });
});

describe("refused calls: HTTP 200 with status error", () => {
  const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);

  it.each<[string, Sent, string]>([
    ["a missing function", query("nope:fn"), "Could not find public function for 'nope:fn'.\n"],
    ["a missing default export", query("nope"), "Could not find public function for 'nope'.\n"],
    [
      "a missing function by address",
      { url: "/api/run/nope/fn", body: { args: {} } },
      "Could not find function for 'nope:fn'. Did you forget to run `npx convex dev`?\n",
    ],
    [
      "an inherited member",
      query("constructor:constructor"),
      "Could not find public function for 'constructor:constructor'.\n",
    ],
    [
      "an unregistered export",
      query("messages:helper"),
      "Could not find public function for 'messages:helper'.\n",
    ],
    [
      "the wrong kind",
      query("counter:add", { by: 1 }),
      "Trying to execute counter.js:add as Query, but it is defined as Mutation.\n",
    ],
    [
      "an undecodable integer",
      query("samples:echo", { value: { $integer: 5 } }),
      "Invalid arguments for samples.js:echo: Malformed $integer field on [object Object]\n",
    ],
    [
      "a reserved field name",
      query("samples:echo", { value: { $x: 1, y: 1 } }),
      "Invalid arguments for samples.js:echo: Field name $x starts with a '$', which is reserved\n",
    ],
    [
      "too deep a value",
      query("samples:echo", { value: deep(64) }),
      "Invalid arguments for samples.js:echo: Value is too nested (nested 65 levels deep > maximum nesting 64)\n",
    ],
    [
      "too long an array",
      query("samples:echo", { value: Array(8193).fill(0) }),
      "Invalid arguments for samples.js:echo: Array length is too long (8193 > maximum length 8192)\n",
    ],
    [
      "text PostgreSQL cannot store",
      query("samples:echo", { value: "a\0b" }),
      "Invalid arguments for samples.js:echo: Strings must not contain the character U+0000\n",
    ],
    [
      "two arguments",
      query("messages:list", [{}, {}]),
      "ArgumentValidationError: Expected to receive a single object as the function's argument. Instead received 2 arguments: [{}, {}]\n\n",
    ],
    [
      "an argument that is no object",
      query("messages:list", "x"),
      'ArgumentValidationError: Expected to receive an object as the function\'s argument. Instead received: "x"\n\n',
    ],
    [
      "a missing argument",
      query("samples:fail"),
      "ArgumentValidationError: Object is missing the required field `how`. Consider wrapping the field validator in `v.optional(...)` if this is expected.\n\nObject: {}\nValidator: v.object({how: v.string()})\n\n",
    ],
    [
      "an unknown argument",
      query("counter:total", { b: 1, a: 1 }),
      "ArgumentValidationError: Object contains extra field `a` that is not in the validator.\n\nObject: {a: 1.0, b: 1.0}\nValidator: v.object({})\n\n",
    ],
    [
      "an application error",
      query("samples:fail", { how: "provider" }),
      `Uncaught ConvexError: {"code":"STREAM_ERROR","message":"Stream is down","statusCode":502,"metadata":{"operation":"start"}}\n`,
    ],
  ])("tells of %s", async (_name, sent, text) => {
    const { status, body } = await post({ ...sent, headers: withId });
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: "error", errorMessage: prefix + text });
  });

  it("names path, field and literals of a nested mismatch", async () => {
    const { body } = await post({
      url: "/api/run/meetings/stream/index/startRecording",
      body: { args: { meetingId: "x", recordingConfig: { quality: "4k" } } },
      headers: withId,
    });
    const literals = 'v.union(v.literal("360p"), v.literal("720p"), v.literal("1080p"))';
    expect(body).toEqual({
      status: "error",
      errorMessage: `${prefix}ArgumentValidationError: Value does not match validator.\nPath: .recordingConfig.quality\nValue: "4k"\nValidator: ${literals}\n\n`,
      errorData: {
        code: "VALIDATION_ERROR",
        statusCode: 400,
        message: '`recordingConfig.quality` must be one of "360p", "720p", "1080p"',
        metadata: {
          field: "recordingConfig.quality",
          path: ".recordingConfig.quality",
          reason: "wrong_value",
          expected: 'one of "360p", "720p", "1080p"',
        },
      },
    });
  });

  it("types protocol errors on /api/run and leaves them plain for Convex clients", async () => {
    const run = await post({ url: "/api/run/nope/fn", body: { args: {} } });
    expect(run.body).toMatchObject({ errorData: { code: "NOT_FOUND", statusCode: 404 } });
    const convex = await post(query("nope:fn"));
    expect(convex.body).not.toHaveProperty("errorData");
  });

  it("gives application errors as data to both", async () => {
    const data = {
      code: "RATE_LIMIT_EXCEEDED",
      message: "Too many",
      statusCode: 429,
      metadata: { retryAfterMs: 1500 },
    };
    const run = await post({ url: "/api/run/samples/fail", body: { args: { how: "limit" } } });
    const convex = await post(query("samples:fail", { how: "limit" }));
    expect(run.body).toMatchObject({ status: "error", errorData: data });
    expect(convex.body).toMatchObject({ status: "error", errorData: data });
  });

  it("refuses arguments above 16 MiB where a function takes so many", async () => {
    const call = query("samples:count", { text: "x".repeat(16 * 2 ** 20) });
    const headers = { ...withId, authorization: "Bearer user:alice" };
    const { status, body } = await post({ ...call, headers });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      errorMessage: expect.stringMatching(
        /Arguments for samples\.js:count are too large \(actual: [\d.]+ MiB, limit: 16 MiB\)\n$/,
      ),
    });
  });

  it("refuses a result above 16 MiB", async () => {
    const { body } = await post(query("samples:big", { bytes: 17 * 2 ** 20 }));
    expect(body).toMatchObject({
      errorMessage: expect.stringMatching(/return value is too large \(actual: 17\.00 MiB/),
    });
  });
});
