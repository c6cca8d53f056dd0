import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AppError } from "../../core/errors.ts";
import { ok, refuse } from "../../core/result.ts";
import type { IceServer } from "../../meetings/room/iceServers.ts";
import { errorReply, writeError } from "../replies/errorReply.ts";
import { type MediaRooms, roomRoutes } from "./roomRoutes.ts";

let app: FastifyInstance;
let asked: unknown[];
let iceServers: IceServer[];

const rooms: MediaRooms<string> = {
  verifyToken: async (token) =>
    token.startsWith("good") ? ok(token) : refuse(new AppError("UNAUTHORIZED", "no")),
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
  clientUfrag: async (_grant, _protocol, sessionId) => {
    if (sessionId === "s1") return "EsAw";
    throw new AppError("NOT_FOUND", "no");
  },
};

beforeEach(async () => {
  asked = [];
  iceServers = [];
  app = Fastify();
  app.setErrorHandler((error, _request, reply) => writeError(reply, errorReply(error)));
  await app.register((scope, _options, done) => {
    roomRoutes(scope, { rooms, iceServersOf: () => iceServers, userOf: (grant) => grant });
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
    "access-control-expose-headers": "location, link, etag, accept-patch",
  });
  expect(response.headers["link"]).toBeUndefined();
  expect(asked).toEqual([["subscribe", "good", "offer", {}]]);
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
  expect(asked).toEqual([[operation, "good", "offer", options]]);
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
});

test("a refusal is a problem that clients can show", async () => {
  const response = await post("/rooms/r/whip", { token: "bad" });
  expect(response.headers["content-type"]).toBe("application/problem+json");
  expect(response.json()).toMatchObject({
    ...{ title: "Unauthorized", status: 401, detail: "no" },
    ...{ code: "UNAUTHORIZED", message: "no" },
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
  expect(asked).toEqual([[operation, "good", "s1"]]);
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

/** A candidate as a browser trickles it. */
const fragment = [
  "a=group:BUNDLE 0 1",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "a=mid:0",
  "a=ice-ufrag:EsAw",
  "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1",
  "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw",
  "a=end-of-candidates",
  "",
].join("\r\n");
const trickle = "application/trickle-ice-sdpfrag";

interface Asked {
  method: "GET" | "HEAD" | "PUT" | "POST" | "PATCH" | "DELETE" | "OPTIONS";
  /** Behind the endpoint's address. */
  at?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** Point by point what RFC 9725 and draft-ietf-wish-whep have a server answer; null: without that header. */
describe.each(["whip", "whep"])("as its specification says, %s", (protocol) => {
  const withTag = { "content-type": trickle, "if-match": '"s1"' };
  const endpointMethods = "POST, OPTIONS";
  const sessionMethods = "PATCH, DELETE, OPTIONS";
  test.each<[string, Asked, number, Record<string, string | null>]>([
    [
      "answers an offer with the session, its tag and what it takes by PATCH",
      { method: "POST", headers: { "content-type": "application/sdp" }, body: "offer" },
      201,
      { "content-type": "application/sdp", etag: '"', location: "/", "accept-patch": trickle },
    ],
    ["takes parameters of the media type", typed("application/sdp; charset=utf-8"), 201, {}],
    ["takes no other type", typed("text/plain"), 415, { "accept-post": "application/sdp" }],
    ["takes no fragment for an offer", typed(trickle), 415, { "accept-post": "application/sdp" }],
    ["tells of its posts", { method: "OPTIONS" }, 200, { "accept-post": "application/sdp" }],
    [
      "tells of its patches",
      { method: "OPTIONS", at: "/s1" },
      200,
      {
        "accept-patch": trickle,
        "access-control-allow-methods": "GET,POST,OPTIONS,PATCH,DELETE,PUT",
      },
    ],
    ["keeps GET", { method: "GET" }, 405, { allow: endpointMethods }],
    ["keeps HEAD", { method: "HEAD" }, 405, { allow: endpointMethods }],
    [
      "keeps PUT",
      { method: "PUT", body: "{}", headers: { "content-type": "application/json" } },
      405,
      { allow: endpointMethods },
    ],
    [
      "knows no PATCH of the endpoint",
      { method: "PATCH", headers: withTag, body: fragment },
      405,
      { allow: endpointMethods },
    ],
    ["knows no DELETE of the endpoint", { method: "DELETE" }, 405, { allow: endpointMethods }],
    ["keeps GET of a session", { method: "GET", at: "/s1" }, 405, { allow: sessionMethods }],
    ["keeps HEAD of a session", { method: "HEAD", at: "/s1" }, 405, { allow: sessionMethods }],
    ["keeps PUT of a session", { method: "PUT", at: "/s1" }, 405, { allow: sessionMethods }],
    ["keeps POST of a session", { method: "POST", at: "/s1" }, 405, { allow: sessionMethods }],
    [
      "ends a session whatever its tag",
      { method: "DELETE", at: "/s1", headers: { "if-match": '"x"' } },
      200,
      {},
    ],
    ["takes candidates", patch(withTag), 204, { "content-type": null }],
    ["takes candidates of any tag", patch({ ...withTag, "if-match": "*" }), 204, {}],
    [
      "takes candidates of one of several tags",
      patch({ ...withTag, "if-match": '"x", "s1"' }),
      204,
      {},
    ],
    [
      "takes an end of candidates alone",
      patch(withTag, without(/candidate:|m=|mid|group/)),
      204,
      {},
    ],
    ["takes lines that end with LF", patch(withTag, fragment.replaceAll("\r", "")), 204, {}],
    ["wants a tag", patch({ "content-type": trickle }), 428, {}],
    ["wants the session's tag", patch({ ...withTag, "if-match": '"x"' }), 412, {}],
    ["wants a fragment", patch(withTag, "offer"), 400, {}],
    ["wants the user fragment", patch(withTag, without(/ufrag:/)), 400, {}],
    ["wants the password", patch(withTag, without(/pwd/)), 400, {}],
    [
      "takes no other type for candidates",
      patch({ "if-match": "*", "content-type": "application/json" }),
      415,
      { "accept-patch": trickle },
    ],
    [
      "takes no offer for candidates",
      patch({ "if-match": "*", "content-type": "application/sdp" }),
      415,
      { "accept-patch": trickle },
    ],
    ["wants a body", { method: "PATCH", at: "/s1", headers: { "if-match": "*" } }, 415, {}],
    ["takes no endless fragment", patch(withTag, fragment + "a=x\r\n".repeat(5000)), 413, {}],
    [
      "does not restart ICE",
      patch({ ...withTag, "if-match": "*" }, fragment.replaceAll("EsAw", "newU")),
      422,
      {},
    ],
    [
      "knows no candidates of another session",
      { ...patch({ ...withTag, "if-match": "*" }), at: "/s2" },
      404,
      {},
    ],
    [
      "wants a token for candidates",
      patch({ ...withTag, authorization: "" }),
      401,
      { "www-authenticate": "Bearer" },
    ],
    [
      "wants a token for an offer",
      {
        ...typed("application/sdp"),
        headers: { authorization: "Bearer bad", "content-type": "application/sdp" },
      },
      401,
      { "www-authenticate": "Bearer" },
    ],
    [
      "wants a token for an end",
      { method: "DELETE", at: "/s1", headers: { authorization: "Bearer bad" } },
      401,
      { "www-authenticate": "Bearer" },
    ],
  ])("%s", async (_, { method, at = "", headers = {}, body }, status, expected) => {
    const response = await app.inject({
      method,
      url: `/rooms/r/${protocol}${at}`,
      headers: { authorization: "Bearer good", origin: "https://elsewhere.example", ...headers },
      ...(body === undefined ? {} : { payload: body }),
    });
    expect(response.statusCode).toBe(status);
    expect(response.headers["access-control-allow-origin"]).toBe("https://elsewhere.example");
    for (const [name, value] of Object.entries(expected)) {
      if (value === null) expect(response.headers[name]).toBeUndefined();
      else expect(response.headers[name]).toContain(value);
    }
  });
});

function typed(type: string): Asked {
  return { method: "POST", headers: { "content-type": type }, body: "offer" };
}

function patch(headers: Record<string, string>, body = fragment): Asked {
  return { method: "PATCH", at: "/s1", headers, body };
}

function without(pattern: RegExp): string {
  return fragment
    .split("\r\n")
    .filter((line) => !pattern.test(line))
    .join("\r\n");
}

test("too many offers of one person are refused, and nobody else's", async () => {
  const answers = await Promise.all(
    Array.from({ length: 400 }, (_, index) => post(`/rooms/r${index}/whip`)),
  );
  const refused = answers.filter(({ statusCode }) => statusCode !== 201);
  expect(asked).toHaveLength(answers.length - refused.length);
  expect(refused.length).toBeGreaterThan(5);
  expect(refused.at(-1)?.statusCode).toBe(429);
  expect(refused.at(-1)?.headers["retry-after"]).toBe("1");
  expect(refused.at(-1)?.json()).toMatchObject({
    ...{ code: "RATE_LIMIT_EXCEEDED", metadata: { action: "offer", limit: 300 } },
  });
  expect((await post("/rooms/r/whip", { token: "good-other" })).statusCode).toBe(201);
});
