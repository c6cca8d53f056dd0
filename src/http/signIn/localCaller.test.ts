import type { FastifyPluginAsync } from "fastify";
import { afterEach, describe, expect, it } from "vitest";
import {
  fakeAuthenticator,
  type SampleServer,
  sampleServer,
} from "../../../test/support/functions/sampleServer.ts";
import type { LocalIssuer } from "../../auth/issuers/localIssuer.ts";
import { metricsRoute } from "../metrics.ts";
import { localAuth } from "./localAuth.ts";

const plugins: FastifyPluginAsync[] = [
  (scope) =>
    metricsRoute(scope, {
      metrics: { contentType: "text/plain", text: async () => "up 1" },
      authenticator: fakeAuthenticator,
    }),
  (scope) =>
    localAuth(scope, { issuer: { jwks: { keys: [] } } as unknown as LocalIssuer, anywhere: false }),
];

let server: SampleServer;
afterEach(() => server.close(0));

/** Everything that is open to this machine only, and what others are told there. */
const local = [
  ["/metrics", 401],
  ["/auth/local/jwks.json", 403],
] as const;

const callers: [string, Record<string, string>, string?][] = [
  ["a rebound name", { host: "attacker.example" }],
  ["a name that begins like ours", { host: "localhost.attacker.example" }],
  ["a proxy that passes on the name people use", { host: "meet.example.com" }],
  ["a proxy that only tells the host", { "x-forwarded-host": "meet.example.com" }],
  ["a proxy that only tells the protocol", { "x-forwarded-proto": "https" }],
  ["a proxy that tells the address", { "x-forwarded-for": "127.0.0.1" }],
  ["Cloudflare", { "cf-connecting-ip": "203.0.113.7" }],
  ["nginx as many set it up", { "x-real-ip": "203.0.113.7" }],
  ["a proxy of the standard", { forwarded: "for=203.0.113.7" }],
  ["a proxy that only names itself", { via: "1.1 proxy" }],
  ["another proxy", { "true-client-ip": "203.0.113.7" }],
  ["another machine", {}, "203.0.113.7"],
  ["another machine that names ours", { "x-forwarded-for": "127.0.0.1" }, "203.0.113.7"],
];

describe.each(local)("%s", (url, status) => {
  it.each(["localhost:3210", "127.0.0.1", "[::1]:3210"])(
    "is open to this machine as %s",
    async (host) => {
      server = sampleServer({ plugins });
      const answer = await server.app.inject({ url, headers: { host } });
      expect(answer.statusCode).toBe(200);
    },
  );

  it.each(callers)("is closed to %s", async (_who, headers, remoteAddress = "127.0.0.1") => {
    server = sampleServer({ plugins, trustedProxies: ["127.0.0.0/8"] });
    const sent = { host: "localhost:3210", ...headers };
    const answer = await server.app.inject({ url, headers: sent, remoteAddress });
    expect(answer.statusCode).toBe(status);
  });
});

it("opens the metrics to the administration key from anywhere", async () => {
  server = sampleServer({ plugins });
  const answer = await server.app.inject({
    url: "/metrics",
    headers: { host: "meet.example.com", authorization: "Convex admin" },
    remoteAddress: "203.0.113.7",
  });
  expect([answer.statusCode, answer.body]).toEqual([200, "up 1"]);
});
