import { afterAll, beforeAll, expect, it } from "vitest";
import { post as postTo, type Sent } from "../../../test/support/functions/post.ts";
import { type SampleServer, sampleServer } from "../../../test/support/functions/sampleServer.ts";
import { encodeTs } from "../../sync/protocol.ts";

let server: SampleServer;
const post = (sent: Sent) => postTo(server, sent);

beforeAll(async () => {
  server = sampleServer();
  await server.app.ready();
});

afterAll(() => server.app.close());

it("tells the present timestamp, whatever is sent with the question", async () => {
  const asked = { method: "POST", url: "/api/query_ts" } as const;
  for (const sent of [
    { headers: { "content-type": "application/json" } },
    { headers: { "content-type": "text/plain" }, payload: "hello" },
    {},
  ]) {
    const { statusCode, body } = await server.app.inject({ ...asked, ...sent });
    expect([statusCode, JSON.parse(body)]).toEqual([200, { ts: "AQAAAAAAAAA=" }]);
  }
});

const list = { path: "messages:list", args: [{}] };

it("answers a query at a timestamp", async () => {
  const { body } = await post({ url: "/api/query_at_ts", body: { ...list, ts: encodeTs(1n) } });
  expect(body).toEqual({ status: "success", value: ["a", "b", "c"] });
});

it.each([
  ["none", {}, "BadJsonBody"],
  ["no timestamp", { ts: 5 }, "BadJsonBody"],
  ["one that has not been", { ts: encodeTs(2n) }, "BadTimestamp"],
])("refuses a query without a good timestamp: %s", async (_name, more, code) => {
  const { status, body } = await post({ url: "/api/query_at_ts", body: { ...list, ...more } });
  expect([status, body]).toEqual([400, expect.objectContaining({ code })]);
});

it("answers several queries, each by itself", async () => {
  const missing = { path: "messages:missing", args: {} };
  const { status, body } = await post({
    url: "/api/query_batch",
    body: { queries: [list, missing, list] },
  });
  expect(status).toBe(200);
  const good = { status: "success", value: ["a", "b", "c"] };
  expect(body).toEqual({
    results: [good, expect.objectContaining({ status: "error" }), good],
  });
});

it.each([
  ["no list", {}, "missing field `queries`"],
  ["too many", { queries: Array.from({ length: 101 }, () => list) }, "at most 100"],
  ["no query", { queries: [{}] }, "missing field `args`"],
])("refuses what is no list of queries: %s", async (_name, body, words) => {
  const answer = await post({ url: "/api/query_batch", body });
  expect(answer.status).toBe(400);
  expect(answer.body).toMatchObject({ message: expect.stringContaining(words) });
});
