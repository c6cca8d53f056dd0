import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AppError } from "../core/errors.ts";
import { ok, refuse } from "../core/result.ts";
import type { IceServer } from "../meetings/iceServers.ts";
import { type MediaRooms, roomRoutes } from "./rooms.ts";

let app: FastifyInstance;
let asked: unknown[];
let iceServers: IceServer[];

const rooms: MediaRooms<string> = {
  verifyToken: async (token) =>
    token === "good" ? ok("grant") : refuse(new AppError("UNAUTHORIZED", "no")),
  publish: async (...request) => {
    asked.push(["publish", ...request]);
    return { sessionId: "p1", answer: "answer" };
  },
  unpublish: async (...request) => void asked.push(["unpublish", ...request]),
  subscribe: async (...request) => {
    asked.push(["subscribe", ...request]);
    return { sessionId: "s1", answer: "answer" };
  },
  unsubscribe: async (...request) => void asked.push(["unsubscribe", ...request]),
  hasSession: async (_grant, sessionId) => sessionId === "s1",
};

beforeEach(async () => {
  asked = [];
  iceServers = [];
  app = Fastify();
  app.setErrorHandler((error, _request, reply) =>
    reply.code(error instanceof AppError ? error.statusCode : 413).send({}),
  );
  await app.register((scope, _options, done) => {
    roomRoutes(scope, { rooms, iceServersOf: () => iceServers });
    done();
  });
});
afterEach(() => app.close());

const post = (url: string, { token = "good", body = "offer" } = {}) =>
  app.inject({
    method: "POST",
    url,
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/sdp",
      origin: "https://elsewhere.example",
    },
    payload: body,
  });

test("whoever has no room token is refused before the offer is read", async () => {
  const read: string[] = [];
  app.addHook("preParsing", (request, _reply, payload, done) => {
    read.push(request.url);
    done(null, payload);
  });
  expect((await post("/rooms/r/whip", { token: "bad" })).statusCode).toBe(401);
  expect(read).toEqual([]);
});

test("an offer to watch is answered with the session's address, readable by any page", async () => {
  const response = await post("/rooms/r/whep");
  expect(response.statusCode).toBe(201);
  expect(response.body).toBe("answer");
  expect(response.headers).toMatchObject({
    location: "/rooms/r/whep/s1",
    "content-type": "application/sdp",
    "access-control-allow-origin": "https://elsewhere.example",
    "access-control-expose-headers": "location, link",
  });
  expect(response.headers["link"]).toBeUndefined();
  expect(asked).toEqual([["subscribe", "grant", "offer", {}]]);
});

test.each(["whip", "whep"])("the answer of %s names the ICE servers", async (protocol) => {
  iceServers = [{ urls: ["stun:a", "stun:b"] }];
  const response = await post(`/rooms/r/${protocol}`);
  expect(response.headers["link"]).toEqual([
    '<stun:a>; rel="ice-server"',
    '<stun:b>; rel="ice-server"',
  ]);
});

test.each([
  [
    "whep?participant=ann&client=c",
    "subscribe",
    { target: { userId: "ann", source: "camera" }, client: "c" },
  ],
  [
    "whep?participant=ann&source=screen",
    "subscribe",
    { target: { userId: "ann", source: "screen" } },
  ],
  ["whip", "publish", { source: "camera" }],
  ["whip?source=screen", "publish", { source: "screen" }],
])("%s", async (path, operation, options) => {
  expect((await post(`/rooms/r/${path}`)).statusCode).toBe(201);
  expect(asked).toEqual([[operation, "grant", "offer", options]]);
});

describe("is refused", () => {
  test.each([
    ["another token", "/rooms/r/whep", { token: "bad" }, 401],
    ["no offer", "/rooms/r/whep", { body: "" }, 400],
    ["a source that is none", "/rooms/r/whep?participant=a&source=x", {}, 400],
    ["a person named twice", "/rooms/r/whep?participant=a&participant=b", {}, 400],
    ["an endless client id", `/rooms/r/whep?client=${"x".repeat(200)}`, {}, 400],
    ["a huge offer to publish", "/rooms/r/whip", { body: "x".repeat(70_000) }, 413],
    ["a huge offer to watch", "/rooms/r/whep", { body: "x".repeat(270_000) }, 413],
  ])("%s", async (_, url, request, status) => {
    expect((await post(url, request)).statusCode).toBe(status);
    expect(asked).toEqual([]);
  });

  test("trickling, with what may be done instead", async () => {
    const response = await app.inject({ method: "PATCH", url: "/rooms/r/whep/s1" });
    expect(response.statusCode).toBe(405);
    expect(response.headers["allow"]).toBe("POST, DELETE, OPTIONS");
  });
});

test("an offer of ten slots fits", async () => {
  expect((await post("/rooms/r/whep", { body: "x".repeat(200_000) })).statusCode).toBe(201);
});

test.each([
  ["whep", "unsubscribe"],
  ["whip", "unpublish"],
])("DELETE of %s ends the session", async (protocol, operation) => {
  const url = `/rooms/r/${protocol}/s1`;
  const headers = { authorization: "Bearer good" };
  expect((await app.inject({ method: "DELETE", url, headers })).statusCode).toBe(200);
  expect(asked).toEqual([[operation, "grant", "s1"]]);
});

test.each([
  ["of a session that is there", "s1", "good", 204],
  ["of one that is not", "s2", "good", 404],
  ["without a right to", "s1", "bad", 401],
])("the question %s", async (_, id, token, status) => {
  const headers = { authorization: `Bearer ${token}` };
  const response = await app.inject({ url: `/rooms/r/sessions/${id}`, headers });
  expect(response.statusCode).toBe(status);
});

test("a page of another origin may ask first", async () => {
  const response = await app.inject({
    method: "OPTIONS",
    url: "/rooms/r/whep",
    headers: {
      origin: "https://elsewhere.example",
      "access-control-request-headers": "authorization",
    },
  });
  expect(response.statusCode).toBe(200);
  expect(response.headers["access-control-allow-headers"]).toBe("authorization");
});
