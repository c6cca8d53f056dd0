import { ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { ConvexError } from "convex/values";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SampleServer, sampleServer } from "../support/functions/sampleServer.ts";

let server: SampleServer;
let address: string;

beforeAll(async () => {
  server = sampleServer();
  address = await server.listen("127.0.0.1", 0);
});

afterAll(() => server.close(1000));

const client = (token?: string, url = address) => {
  const made = new ConvexHttpClient(url, { logger: false });
  if (token !== undefined) made.setAuth(token);
  return made;
};

const queryOf = (name: string) => makeFunctionReference<"query", Record<string, unknown>>(name);
const mutationOf = (name: string) =>
  makeFunctionReference<"mutation", Record<string, unknown>>(name);
const actionOf = (name: string) => makeFunctionReference<"action", Record<string, unknown>>(name);

describe("an unmodified ConvexHttpClient", () => {
  it("runs queries and mutations, in order", async () => {
    const convex = client();
    const sums = [1, 2, 3].map((by) => convex.mutation(mutationOf("counter:add"), { by }));
    expect(await Promise.all(sums)).toEqual([{ total: 1 }, { total: 3 }, { total: 6 }]);
    expect(await convex.query(queryOf("counter:total"), {})).toBe(6);
    expect(await convex.query(queryOf("messages"), {})).toEqual(["a", "b", "c"]);
  });

  it("runs a query at a timestamp of its own", async () => {
    expect(await client().consistentQuery(queryOf("counter:total"), {})).toBe(6);
    const refused = client().consistentQuery(queryOf("nowhere:total"), {});
    await expect(refused).rejects.toThrow("Could not find public function for 'nowhere:total'");
  });

  it("gets back every kind of value it sent", async () => {
    const value = {
      int: -(2n ** 63n),
      bytes: new Uint8Array([0, 255]).buffer,
      nan: Number.NaN,
      zero: -0,
      list: [null, true, "ü", { deep: [1.5] }],
    };
    expect(await client().query(queryOf("samples:echo"), { value })).toEqual(value);
  });

  it("throws a ConvexError with the typed data for an application error", async () => {
    const call = client("user:alice").action(actionOf("meetings/stream/index:startRecording"), {
      meetingId: "meeting_123example",
      recordingConfig: { mode: "available", audioOnly: false, quality: "720p", layout: "grid" },
    });
    const error: unknown = await call.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConvexError);
    expect(error).toMatchObject({
      data: { code: "NOT_FOUND", statusCode: 404, metadata: { id: "meeting_123example" } },
      message: expect.stringMatching(
        /^\[Request ID: [0-9a-f]{16}\] Server Error\nUncaught ConvexError: /,
      ),
    });
  });

  it("throws a plain Error for what the call protocol refuses", async () => {
    const refused = [
      client().query(queryOf("samples:fail"), {}),
      client().query(queryOf("nope:nothing"), {}),
      client().mutation(mutationOf("counter:total"), {}),
    ];
    for (const outcome of await Promise.allSettled(refused)) {
      expect(outcome.status).toBe("rejected");
      const error: unknown = outcome.status === "rejected" ? outcome.reason : undefined;
      expect(error).toBeInstanceOf(Error);
      expect(error).not.toBeInstanceOf(ConvexError);
    }
  });

  it("throws the body of a refused token and of our own fault", async () => {
    await expect(client("nonsense").query(queryOf("messages:list"), {})).rejects.toThrow(
      '{"code":"InvalidAuthHeader","message":"Could not decode token"}',
    );
    await expect(client().query(queryOf("samples:fail"), { how: "unknown" })).rejects.toThrow(
      '"code":"InternalServerError"',
    );
  });

  it("acts for its user", async () => {
    expect(await client("user:bob").query(queryOf("users/queries:me"), {})).toEqual({
      id: "user_bob",
      email: "bob@example.com",
    });
  });

  it("may have an address with a trailing slash", async () => {
    expect(await client(undefined, `${address}/`).query(queryOf("messages:list"), {})).toHaveLength(
      3,
    );
  });
});
