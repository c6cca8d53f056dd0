import { expect, it, vi } from "vitest";
import { ApiError } from "./apiError.ts";
import { createClient } from "./client.ts";
import { functions } from "./functions.ts";

const success = () => Response.json({ status: "success", value: { secret: "s" }, logLines: [] });
const text = (status: number, body: unknown) => new Response(JSON.stringify(body), { status });

function clientOf(answer: () => Response | Promise<Response>) {
  const fetch = vi.fn(async (_url: unknown, _init?: RequestInit) => answer());
  const onSignedOut = vi.fn();
  let token: string | undefined = "first";
  const client = createClient({
    baseUrl: "http://server.test",
    token: () => token,
    onSignedOut,
    fetch: fetch as typeof globalThis.fetch,
  });
  const setToken = (next: string | undefined) => {
    token = next;
  };
  return { client, fetch, onSignedOut, setToken };
}

const me = functions.users.queries.getCurrentUser;

it("asks as whoever is signed in at that moment", async () => {
  const { client, fetch, setToken } = clientOf(success);
  await client.query(me, {});
  setToken("second");
  await client.query(me, {});
  setToken(undefined);
  await client.query(me, {});
  const sent = fetch.mock.calls.map(([, init]) => new Headers(init?.headers).get("authorization"));
  expect(sent).toEqual(["Bearer first", "Bearer second", null]);
});

it("a refusal keeps its code, status and facts", async () => {
  const data = {
    code: "CONFLICT",
    message: "m",
    statusCode: 409,
    metadata: { startedBy: "user_1" },
  };
  const { client } = clientOf(() =>
    Response.json({ status: "error", errorMessage: "Uncaught", errorData: data, logLines: [] }),
  );
  const failed = client.action(functions.meetings.stream.index.startRecording, { meetingId: "m" });
  await expect(failed).rejects.toMatchObject(data);
  await expect(failed).rejects.toBeInstanceOf(ApiError);
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
  const { client, onSignedOut } = clientOf(answer);
  const error = await client.query(me, {}).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code, statusCode, isOutage: true });
  expect(onSignedOut).not.toHaveBeenCalled();
});

it("a token that is not taken ends the session", async () => {
  const { client, onSignedOut } = clientOf(() => text(401, { code: "InvalidAuthHeader" }));
  await expect(client.query(me, {})).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  expect(onSignedOut).toHaveBeenCalledOnce();
});

it("a function's own UNAUTHORIZED does not", async () => {
  const data = { code: "UNAUTHORIZED", message: "Sign in first", statusCode: 401 };
  const { client, onSignedOut } = clientOf(() =>
    Response.json({ status: "error", errorMessage: "", errorData: data }),
  );
  await expect(client.query(me, {})).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  expect(onSignedOut).not.toHaveBeenCalled();
});

it("one change does not wait for another", async () => {
  const answers: (() => void)[] = [];
  const { client, fetch } = clientOf(
    () => new Promise((resolve) => answers.push(() => resolve(success()))),
  );
  const create = () => client.mutation(functions.meetings.invites.createInvite, { meetingId: "m" });
  const both = [create(), create()];
  await vi.waitFor(() => expect(fetch).toHaveBeenCalledTimes(2), { timeout: 30_000 });
  for (const answer of answers) answer();
  expect(await Promise.all(both)).toHaveLength(2);
});
