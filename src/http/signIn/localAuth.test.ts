import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import Fastify, {
  type FastifyInstance,
  type FastifyPluginAsync,
  type InjectOptions,
} from "fastify";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { manualClock } from "../../../test/support/fakeIssuer.ts";
import { type LocalIssuer, openLocalIssuer } from "../../auth/issuers/localIssuer.ts";
import { silentLog } from "../../core/log.ts";
import { errorReply, writeError } from "../replies/errorReply.ts";
import { localAuth } from "./localAuth.ts";
import type { LocalAuthPolicy } from "./localAuthGuard.ts";

let dataDir: string;
let issuer: LocalIssuer;
let app: FastifyInstance;

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), "connvo-auth-"));
  const clock = manualClock();
  issuer = await openLocalIssuer({ dataDir, plan: "paid", clock, log: silentLog });
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));
afterEach(() => app.close());

/** A server like ours, and worse: it invites every origin and parses more than JSON. */
function serve(policy: Partial<LocalAuthPolicy> = {}, by: LocalIssuer = issuer): FastifyInstance {
  app = Fastify();
  app.setErrorHandler((error, _request, reply) => writeError(reply, errorReply(error)));
  app.addContentTypeParser("*", { parseAs: "string" }, async (_request: unknown, body: unknown) =>
    JSON.parse(String(body)),
  );
  app.addHook("onRequest", async (request, reply) => {
    reply.header("access-control-allow-origin", request.headers.origin ?? "*");
    reply.header("Access-Control-Allow-Credentials", "true");
  });
  const plugin: FastifyPluginAsync = (scope) =>
    localAuth(scope, { issuer: by, anywhere: false, ...policy });
  void app.register(plugin);
  return app;
}

const host = "localhost:3210";

const ask = (
  headers: Record<string, string> = {},
  policy: Partial<LocalAuthPolicy> = {},
  more: InjectOptions = {},
) =>
  serve(policy).inject({
    method: "POST",
    url: "/auth/local/token",
    headers: { host, "content-type": "application/json", ...headers },
    payload: '{"name":"Alice"}',
    ...more,
  });

describe("POST /auth/local/token", () => {
  it("answers with a token and when it ends", async () => {
    const response = await ask();
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({ token: expect.any(String), expiresAt: expect.any(Number) });
    expect(response.headers["cache-control"]).toBe("no-store");
  });

  it.each([
    ["its own page", { origin: "http://localhost:3210", "sec-fetch-site": "same-origin" }],
    ["a user who typed the address", { "sec-fetch-site": "none" }],
    ["127.0.0.1", { host: "127.0.0.1:3210", origin: "http://127.0.0.1:3210" }],
    ["IPv6", { host: "[::1]:3210" }],
    ["a forwarded port", { host: "localhost:8080", origin: "http://localhost:8080" }],
    ["a charset", { "content-type": "application/json; charset=utf-8" }],
  ])("serves %s", async (_what, headers) => {
    expect((await ask(headers)).statusCode).toBe(200);
  });

  it.each<[string, Record<string, string>, number, string]>([
    ["a rebound name", { host: "evil.test" }, 403, "UnknownHost"],
    ["a rebound name at our port", { host: "evil.test:3210" }, 403, "UnknownHost"],
    ["a name that begins like ours", { host: "localhost.evil.test" }, 403, "UnknownHost"],
    ["the address of all interfaces", { host: "0.0.0.0:3210" }, 403, "UnknownHost"],
    ["another machine's address", { host: "192.168.1.20:3210" }, 403, "UnknownHost"],
    ["a malformed name", { host: "localhost@evil.test" }, 400, "BadHost"],
    ["a name with a path", { host: "localhost/evil.test" }, 400, "BadHost"],
    ["a foreign origin", { origin: "https://evil.test" }, 403, "ForeignOrigin"],
    ["another port of this machine", { origin: "http://localhost:5173" }, 403, "ForeignOrigin"],
    ["another name of this machine", { origin: "http://127.0.0.1:3210" }, 403, "ForeignOrigin"],
    ["a page without origin", { origin: "null" }, 403, "ForeignOrigin"],
    ["an extension", { origin: "chrome-extension://abc" }, 403, "ForeignOrigin"],
    ["a cross-site fetch", { "sec-fetch-site": "cross-site" }, 403, "CrossSiteRequest"],
    ["a same-site fetch", { "sec-fetch-site": "same-site" }, 403, "CrossSiteRequest"],
    ["X-Forwarded-For", { "x-forwarded-for": "10.0.0.1" }, 403, "ForwardedRequest"],
    ["X-Forwarded-Host", { "x-forwarded-host": "localhost" }, 403, "ForwardedRequest"],
    ["X-Forwarded-Proto", { "X-Forwarded-Proto": "https" }, 403, "ForwardedRequest"],
    ["Forwarded", { forwarded: "for=10.0.0.1" }, 403, "ForwardedRequest"],
    ["Via", { via: "1.1 proxy" }, 403, "ForwardedRequest"],
    ["X-Real-IP", { "x-real-ip": "10.0.0.1" }, 403, "ForwardedRequest"],
    ["plain text", { "content-type": "text/plain" }, 415, "UnsupportedMediaType"],
    [
      "a form",
      { "content-type": "application/x-www-form-urlencoded" },
      415,
      "UnsupportedMediaType",
    ],
    ["an upload", { "content-type": "multipart/form-data" }, 415, "UnsupportedMediaType"],
    [
      "text that mentions JSON",
      { "content-type": "text/plain; application/json" },
      415,
      "UnsupportedMediaType",
    ],
    ["no content type", { "content-type": "" }, 415, "UnsupportedMediaType"],
  ])("refuses %s", async (_what, headers, status, code) => {
    const response = await ask(headers);
    expect(response.statusCode).toBe(status);
    expect(response.json()).toEqual({ code, message: expect.any(String) });
  });

  it("refuses a peer that is not this machine", async () => {
    const response = await ask({}, {}, { remoteAddress: "192.168.1.20" });
    expect(response.json()).toMatchObject({ code: "NotLocal" });
    await app.close();
    expect((await ask({}, {}, { remoteAddress: "::ffff:127.0.0.1" })).statusCode).toBe(200);
  });

  it("serves the public URL's name and origin", async () => {
    const policy = { publicUrl: "http://connvo.test:3210" };
    const headers = { host: "connvo.test:3210", origin: "http://connvo.test:3210" };
    expect((await ask(headers, policy)).statusCode).toBe(200);
  });

  it("serves everybody once that is meant, but still no foreign page", async () => {
    const policy = { anywhere: true, publicUrl: "https://meet.test" };
    const remote = { remoteAddress: "10.0.0.9" };
    const headers = { host: "inner:3210", "x-forwarded-for": "10.0.0.1" };
    expect((await ask(headers, policy, remote)).statusCode).toBe(200);
    await app.close();
    expect((await ask({ ...headers, origin: "https://meet.test" }, policy)).statusCode).toBe(200);
    await app.close();
    const foreign = await ask({ ...headers, origin: "https://evil.test" }, policy);
    expect(foreign.json()).toMatchObject({ code: "ForeignOrigin" });
  });

  it("sends no CORS headers, whatever the server around it sends", async () => {
    for (const origin of ["http://localhost:3210", "https://evil.test"]) {
      const { headers } = await ask({ origin });
      const cors = Object.keys(headers).filter((name) => name.startsWith("access-control-"));
      expect(cors).toEqual([]);
      await app.close();
    }
  });

  it("gives a preflight nothing to go on", async () => {
    const preflight = { origin: "https://evil.test", "access-control-request-method": "POST" };
    const url = "/auth/local/token";
    const response = await serve().inject({
      method: "OPTIONS",
      url,
      headers: { host, ...preflight },
    });
    expect(response.statusCode).toBe(405);
    expect(response.headers).not.toHaveProperty("access-control-allow-origin");
  });

  it.each<[string, string, string]>([
    ["an empty name", '{"name":" "}', "VALIDATION_ERROR"],
    ["no name", "{}", "VALIDATION_ERROR"],
    ["a list", "[]", "VALIDATION_ERROR"],
    ["null", "null", "VALIDATION_ERROR"],
    ["broken JSON", '{"name":', "BadRequest"],
    ["an empty body", "", "BadRequest"],
    ["a poisoned body", '{"__proto__":{"name":"x"}}', "BadRequest"],
  ])("refuses %s", async (_what, payload, code) => {
    const response = await ask({}, {}, { payload });
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({ code });
  });

  it("refuses a body far larger than a name", async () => {
    const payload = JSON.stringify({ name: "x".repeat(5000) });
    const response = await ask({}, {}, { payload });
    expect(response.statusCode).toBe(413);
    expect(response.json()).toMatchObject({ code: "BodyTooLarge" });
  });

  it("tells nothing of a failure of its own", async () => {
    const broken = { ...issuer, issue: () => Promise.reject(new Error("key at /secret")) };
    const response = await serve({}, broken).inject({
      method: "POST",
      url: "/auth/local/token",
      headers: { host },
      payload: { name: "Alice" },
    });
    expect(response.statusCode).toBe(500);
    expect(response.body).not.toContain("secret");
  });
});

describe("GET /auth/local/jwks.json", () => {
  it("publishes the key, under our own names only", async () => {
    const url = "/auth/local/jwks.json";
    const response = await serve().inject({ url, headers: { host } });
    expect(response.json()).toEqual(issuer.jwks);
    const rebound = await app.inject({ url, headers: { host: "evil.test" } });
    expect(rebound.statusCode).toBe(403);
  });
});
