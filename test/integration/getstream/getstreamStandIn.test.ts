import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type GetStreamStandIn,
  startGetStreamStandIn,
} from "../../../src/synth/getstream/server.ts";

let standIn: GetStreamStandIn;
beforeEach(async () => {
  standIn = await startGetStreamStandIn();
});
afterEach(() => standIn.close());

function jwt(claims: object, secret = standIn.apiSecret, alg = "HS256"): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg, typ: "JWT" })}.${part(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

interface Attempt {
  key?: string;
  token?: string;
  type?: string;
  method?: string;
  path?: string;
  body?: object;
}

async function send(attempt: Attempt = {}) {
  const { key = standIn.apiKey, token = jwt({ server: true }), type = "jwt" } = attempt;
  const { method = "GET", path = "/api/v2/video/call/default/c1", body } = attempt;
  const response = await fetch(`${standIn.url}${path}?api_key=${key}`, {
    method,
    headers: { authorization: token, "stream-auth-type": type, "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  return { status: response.status, code: answer["code"], answer, headers: response.headers };
}

describe("the stand-in refuses as Stream does", () => {
  test.each([
    ["without a key", () => ({ key: "" }), 401, 2],
    ["with another key", () => ({ key: "other" }), 401, 2],
    ["without a token", () => ({ token: "" }), 401, 5],
    ["with a Bearer prefix", () => ({ token: `Bearer ${jwt({ server: true })}` }), 401, 5],
    ["with a wrong signature", () => ({ token: jwt({ server: true }, "x") }), 401, 43],
    [
      "with another algorithm",
      () => ({ token: jwt({ server: true }, undefined, "none") }),
      401,
      43,
    ],
    ["with a user's token", () => ({ token: jwt({ user_id: "u" }) }), 401, 5],
    ["anonymous", () => ({ type: "anonymous" }), 401, 5],
    ["an unknown route", () => ({ path: "/api/v2/nothing" }), 404, 16],
    ["an unknown call", () => ({}), 404, 16],
    ["a call without a creator", () => ({ method: "POST", body: { data: {} } }), 400, 4],
    [
      "a creator who does not exist",
      () => ({ method: "POST", body: { data: { created_by_id: "nobody" } } }),
      400,
      4,
    ],
    [
      "a quality that is not published",
      () => ({
        method: "PATCH",
        body: { settings_override: { recording: { mode: "available", quality: "2160p" } } },
      }),
      400,
      4,
    ],
  ] as [string, () => Attempt, number, number][])("%s", async (_, attempt, status, code) => {
    const { answer, ...refused } = await send(attempt());
    expect([refused.status, refused.code]).toEqual([status, code]);
    expect(Object.keys(answer).sort()).toEqual(
      ["StatusCode", "code", "details", "duration", "message", "more_info"].sort(),
    );
    expect(answer["StatusCode"]).toBe(status);
  });

  test("video without a quality", async () => {
    standIn.calls.users.set("u", { id: "u" });
    const recording = { mode: "available", audio_only: false };
    const data = { created_by_id: "u", settings_override: { recording } };
    const { answer } = await send({ method: "POST", body: { data } });
    expect(answer["message"]).toBe(
      'GetOrCreateCall failed with error: "recording quality is required when audio_only is false and recording is enabled"',
    );
  });
});

test("answers carry nanoseconds, nulls and rate-limit headers", async () => {
  standIn.calls.users.set("u", { id: "u" });
  const before = Date.now();
  const created = await send({ method: "POST", body: { data: { created_by_id: "u" } } });
  expect(created.status).toBe(201);
  expect(created.answer["call"]).toMatchObject({
    created_at: standIn.calls.get("c1").createdAt * 1_000_000,
    ended_at: null,
    session: null,
    current_session_id: "",
  });
  expect(created.headers.get("x-ratelimit-limit")).toBe("1000");
  const reset = Number(created.headers.get("x-ratelimit-reset"));
  expect(reset).toBeGreaterThanOrEqual(Math.floor(before / 1_000));
});

test("what Stream does not publish is accepted, and noted", async () => {
  standIn.calls.users.set("u", { id: "u" });
  const data = { created_by_id: "u", settings_override: { limits: { people: 3 } }, colour: "red" };
  expect((await send({ method: "POST", body: { data } })).status).toBe(201);
  expect(standIn.requests[0]?.unknownKeys).toEqual([
    ".data.settings_override.limits.people",
    ".data.colour",
  ]);
});
