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

describe("requests that cannot be read, and failures that are not the caller's", () => {
  const run = "/api/run/messages/list";
  const signedIn = { authorization: "Bearer user:alice" };
  const codes: [string, Sent, number, string, RegExp][] = [
    [
      "malformed JSON",
      { url: run, text: "{" },
      400,
      "BadJsonBody",
      /^Failed to parse the request body as JSON: /,
    ],
    ["an empty body", { url: run, text: "" }, 400, "BadJsonBody", /^Failed to parse/],
    [
      "invalid UTF-8",
      { url: run, text: Buffer.from([0x22, 0xff, 0x22]) },
      400,
      "BadJsonBody",
      /UTF-8/,
    ],
    [
      "no args",
      { url: run, body: {} },
      400,
      "BadJsonBody",
      /^Failed to deserialize the JSON body into the target type: missing field `args`/,
    ],
    [
      "no path",
      { url: "/api/query", body: { args: {} } },
      400,
      "BadJsonBody",
      /missing field `path`/,
    ],
    [
      "a path of the wrong type",
      { url: "/api/query", body: { args: {}, path: 1 } },
      400,
      "BadJsonBody",
      /path: invalid type/,
    ],
    [
      "a body that is no object",
      { url: run, body: [1] },
      400,
      "BadJsonBody",
      /^Failed to deserialize/,
    ],
    ["a body of null", { url: run, body: null }, 400, "BadJsonBody", /^Failed to deserialize/],
    [
      "a plain curl -d",
      {
        url: run,
        body: { args: {} },
        headers: { "content-type": "application/x-www-form-urlencoded" },
      },
      400,
      "BadJsonBody",
      /^Expected request with `Content-Type: application\/json`$/,
    ],
    [
      "text/json",
      { url: run, body: { args: {} }, headers: { "content-type": "text/json" } },
      400,
      "BadJsonBody",
      /^Expected request with/,
    ],
    [
      "a body beyond the limit",
      { url: run, text: `{"args":{}}${" ".repeat(16 * 2 ** 20 + 2000)}` },
      413,
      "BodyTooLarge",
      /^Failed to buffer the request body: length limit exceeded \(at most 32768 bytes of a caller who is not signed in\)$/,
    ],
    [
      "nesting without end",
      { url: run, text: "[".repeat(20_000) },
      400,
      "BadJsonBody",
      /^Failed to parse the request body as JSON: recursion limit exceeded/,
    ],
    [
      "values without end",
      { url: run, text: `{"args":[${"0,".repeat(100_000)}0]}`, headers: signedIn },
      400,
      "BadJsonBody",
      /^Failed to parse the request body as JSON: too many values/,
    ],
    [
      "an address without function",
      { url: "/api/run/messages", body: { args: {} } },
      400,
      "MissingIdentifier",
      /^Path or function name not provided in path, e\.g\. \/api\/run\/messages\/list$/,
    ],
    [
      "a colon in the address",
      { url: "/api/run/a:b", body: { args: {} } },
      400,
      "MissingIdentifier",
      /./,
    ],
    [
      "a path going up",
      { url: "/api/query", body: { path: "../../x:y", args: {} } },
      400,
      "BadConvexFunctionIdentifier",
      /^\.\.\/\.\.\/x:y is not a valid path to a Convex function\. /,
    ],
    [
      "an absolute path",
      { url: "/api/query", body: { path: "/etc/passwd:y", args: {} } },
      400,
      "BadConvexFunctionIdentifier",
      /relative/,
    ],
    [
      "another extension",
      { url: "/api/query", body: { path: "a.ts:y", args: {} } },
      400,
      "BadConvexFunctionIdentifier",
      /extension/,
    ],
    [
      "__proto__ as function",
      { url: "/api/run/messages/__proto__", body: { args: {} } },
      200,
      "",
      /./,
    ],
    [
      "a client header without dash",
      { url: run, body: { args: {} }, headers: { "convex-client": "npm" } },
      400,
      "InvalidClientVersion",
      /./,
    ],
    [
      "a client that is too old",
      { url: run, body: { args: {} }, headers: { "convex-client": "npm-0.19.1" } },
      400,
      "ClientVersionUnsupported",
      /0\.19\.2/,
    ],
    [
      "a bad token",
      { url: run, body: { args: {} }, headers: { authorization: "Bearer nonsense" } },
      401,
      "InvalidAuthHeader",
      /^Could not decode token$/,
    ],
    [
      "/api/function without admin key",
      { url: "/api/function", body: { path: "messages:list", args: {} } },
      403,
      "BadDeployKey",
      /^The provided deploy key was invalid/,
    ],
    [
      "an unknown error",
      query("samples:fail", { how: "unknown" }),
      500,
      "InternalServerError",
      /^Your request couldn't be completed\. Try again later\.$/,
    ],
    [
      "an internal error",
      query("samples:fail", { how: "internal" }),
      500,
      "InternalServerError",
      /^Your request/,
    ],
    [
      "a lost database",
      query("samples:fail", { how: "database" }),
      503,
      "DatabaseUnavailable",
      /^The database is not available/,
    ],
    [
      "a lasting conflict",
      query("samples:fail", { how: "conflict" }),
      503,
      "OptimisticConcurrencyControlFailure",
      /docs\.convex\.dev\/error#1$/,
    ],
  ];

  it.each(codes)("answers %s", async (_name, sent, expected, code, message) => {
    const { status, body, response } = await post(sent);
    expect(status).toBe(expected);
    if (expected === 200) return;
    expect(body).toEqual({ code, message: expect.stringMatching(message) });
    expect(response.body).not.toMatch(/hunter2|secret|node_modules|\n\s+at /);
  });

  it("reads no long body for a forger", async () => {
    const text = `{"args":{}}${" ".repeat(40_000)}`;
    const headers = { authorization: "Bearer nonsense" };
    expect((await post({ url: run, text, headers })).status).toBe(401);
  });

  it("takes long arguments only for functions that declare them", async () => {
    const text = "x".repeat(400_000);
    const call = (fn: string, args: object) =>
      post({ url: `/api/run/samples/${fn}`, body: { args }, headers: signedIn });
    expect((await call("count", { text })).body).toMatchObject({ value: 400_000 });
    expect((await call("echo", { value: text })).status).toBe(413);
    // By the Convex address the function is known only after reading; then it is the call that is refused.
    const answer = await post({ ...query("samples:echo", { value: text }), headers: signedIn });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      errorMessage: expect.stringContaining("are too large (actual: 0.38 MiB, limit: 0.25 MiB)"),
    });
  });

  it("checks the path before the token on /api/query, after it on /api/run", async () => {
    const bad = { authorization: "Bearer nonsense" };
    const onQuery = await post({ ...query("../x:y"), headers: bad });
    const onRun = await post({ url: "/api/run/x", body: { args: {} }, headers: bad });
    expect([onQuery.status, onRun.status]).toEqual([400, 401]);
  });

  it("says when to come back", async () => {
    const { response } = await post(query("samples:fail", { how: "database" }));
    expect(response.headers["retry-after"]).toBe("1");
  });

  it("tells old clients why", async () => {
    const { response } = await post({
      url: run,
      body: { args: {} },
      headers: { "convex-client": "npm-0.1.0" },
    });
    expect(response.headers).toMatchObject({
      "x-convex-deprecation-state": "Deprecated",
      "x-convex-deprecation-message": expect.stringContaining("npm-0.1.0"),
    });
  });

  it("needs no content type to refuse a request without body", async () => {
    const response = await server.app.inject({ method: "POST", url: run });
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({ code: "BadJsonBody" });
  });

  it.each([
    ["GET", "/api/run/messages/list", 405],
    ["GET", "/api/query", 405],
    ["PUT", "/api/mutation", 405],
    ["POST", "/openapi.json", 405],
    ["POST", "/api/nothing", 404],
    ["GET", "/nothing", 404],
  ] as const)("answers %s %s with an empty %i", async (method, url, status) => {
    const response = await server.app.inject({ method, url });
    expect([response.statusCode, response.body]).toEqual([status, ""]);
  });

  it("logs our own faults with the request, and no refusals", async () => {
    server.log.lines.length = 0;
    await post(query("samples:fail", { how: "limit" }));
    expect(server.log.lines).toEqual([]);
    await post(query("samples:fail", { how: "unknown" }));
    expect(server.log.lines).toEqual(["error function broke Error: password=hunter2"]);
  });
});
