import { expect, it, vi } from "vitest";
import { askOnce } from "./askOnce.ts";
import { functions } from "./functions.ts";

const text = (status: number, body: unknown) => new Response(JSON.stringify(body), { status });

function ask(answer: () => Response | Promise<Response>) {
  const fetch = vi.fn(async (_url: unknown, _init?: RequestInit) => answer());
  const options = {
    baseUrl: "http://server.test",
    token: "token",
    fetch: fetch as typeof globalThis.fetch,
  };
  return { fetch, asked: askOnce(options, functions.users.queries.getCurrentUser, {}) };
}

it("asks as whoever the token is of", async () => {
  const value = { _id: "user_1" };
  const { fetch, asked } = ask(() => Response.json({ status: "success", value, logLines: [] }));
  expect(await asked).toEqual(value);
  expect(new Headers(fetch.mock.calls[0]?.[1]?.headers).get("authorization")).toBe("Bearer token");
});

it("a refusal keeps its code, status and facts", async () => {
  const data = { code: "FORBIDDEN", message: "m", statusCode: 403, metadata: { reason: "r" } };
  const { asked } = ask(() =>
    Response.json({ status: "error", errorMessage: "Uncaught", errorData: data, logLines: [] }),
  );
  await expect(asked).rejects.toMatchObject(data);
});

it.each([
  ["no answer", () => Promise.reject(new TypeError("Failed to fetch")), "OFFLINE", 0],
  [
    "a server without its database",
    () => text(503, { code: "DatabaseUnavailable" }),
    "UNAVAILABLE",
    503,
  ],
  ["a broken server", () => text(500, { code: "InternalServerError" }), "INTERNAL_ERROR", 500],
] as const)("%s is an outage", async (_, answer, code, statusCode) => {
  await expect(ask(answer).asked).rejects.toMatchObject({ code, statusCode, isOutage: true });
});

it("a token that is not taken is said so", async () => {
  const { asked } = ask(() => text(401, { code: "InvalidAuthHeader" }));
  await expect(asked).rejects.toMatchObject({ code: "UNAUTHORIZED" });
});
