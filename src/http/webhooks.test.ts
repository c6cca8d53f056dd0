import Fastify, { type FastifyInstance, type FastifyPluginAsync } from "fastify";
import { afterEach, beforeEach, expect, it } from "vitest";
import { DatabaseUnavailableError } from "../db/port.ts";
import { errorReply, writeError } from "./replies/errorReply.ts";
import { webhookRoute } from "./webhooks.ts";

let app: FastifyInstance;
let received: { raw: Buffer; signature: string | undefined }[];
let outcomes: string[];
let fail: Error | undefined;

beforeEach(() => {
  received = [];
  outcomes = [];
  fail = undefined;
  app = Fastify();
  app.setErrorHandler((error, _request, reply) => writeError(reply, errorReply(error)));
  const plugin: FastifyPluginAsync = (scope) =>
    webhookRoute(scope, {
      path: "/webhooks/sample",
      receive: async (raw, header) => {
        if (fail) throw fail;
        received.push({ raw, signature: header("x-signature") });
        const accepted = header("x-signature") === "good";
        return { accepted, outcome: accepted ? "accepted" : "bad_signature" };
      },
      onOutcome: (outcome) => outcomes.push(outcome),
    });
  void app.register(plugin);
});
afterEach(() => app.close());

const post = (payload: string | Buffer, headers: Record<string, string | string[]> = {}) =>
  app.inject({
    method: "POST",
    url: "/webhooks/sample",
    headers: { "x-signature": "good", ...headers } as Record<string, string>,
    payload,
  });

it.each(["application/json", "text/plain", "application/octet-stream", "no/such"])(
  "takes the bytes as they are, as %s",
  async (type) => {
    const bytes = Buffer.from([0x1f, 0x8b, 0, 255, 10]);
    const answer = await post(bytes, { "content-type": type });
    expect([answer.statusCode, answer.body]).toEqual([200, "ok"]);
    expect(received[0]?.raw).toEqual(bytes);
    expect(outcomes).toEqual(["accepted"]);
  },
);

it("tells who is not the provider nothing but that", async () => {
  for (const signature of ["bad", "good, good"]) {
    const answer = await post("{}", { "x-signature": signature });
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toEqual({
      code: "Unauthorized",
      message: "Not a delivery of the provider",
    });
  }
  expect(received[1]?.signature).toBeUndefined();
});

it("reads no more of an address of which too much was refused, and of others as ever", async () => {
  for (let time = 0; time < 60; time++)
    expect((await post("{}", { "x-signature": "bad" })).statusCode).toBe(401);
  const refused = await post("{}", { "x-signature": "bad" });
  expect([refused.statusCode, refused.headers["retry-after"]]).toEqual([429, "1"]);
  expect(received).toHaveLength(60);
  expect(outcomes.at(-1)).toBe("rate_limited");
  const other = await app.inject({
    ...{ method: "POST", url: "/webhooks/sample", remoteAddress: "192.0.2.7" },
    ...{ headers: { "x-signature": "good" }, payload: "{}" },
  });
  expect(other.statusCode).toBe(200);
});

it("takes no more than 256 KiB", async () => {
  const type = { "content-type": "application/json" };
  expect((await post("x".repeat(256 * 1024), type)).statusCode).toBe(200);
  expect((await post("x".repeat(256 * 1024 + 1), type)).statusCode).toBe(413);
});

it("asks to be told again while the database is away", async () => {
  fail = new DatabaseUnavailableError("gone");
  expect((await post("{}")).statusCode).toBe(503);
});
