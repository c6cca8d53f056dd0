import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { openAiEmbedder } from "../../../src/llm/embeddings.ts";
import { cosine } from "../../../src/meaning/unit.ts";
import { createLog } from "../../../src/observe/log.ts";
import { type EmbeddingReply, embeddingStandIn } from "../../support/modelStandIn.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import {
  admin,
  type MeetingStage,
  meetingOf,
  meetingStage,
  person,
} from "../support/meetingCalls.ts";

const key = "key-of-the-tests";
const never = new AbortController().signal;
const options = { urgent: true, signal: never };

let test: TestDatabase;
let stage: MeetingStage;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());

/** An embedder whose endpoint answers like that. */
async function embedder(reply: (texts: string[]) => EmbeddingReply, { timeoutMs = 20_000 } = {}) {
  const endpoint = await embeddingStandIn(({ body }) => reply(body.input));
  onTestFinished(() => endpoint.close());
  const { baseUrl, requests } = endpoint;
  return { ...openAiEmbedder({ baseUrl, model: "tiny-1", apiKey: key, timeoutMs }), requests };
}

it("sends all texts at once, and makes vectors of length 1 of what it is given", async () => {
  const { embed, requests } = await embedder((texts) => ({
    vectors: texts.map((text) => [text.length, 4, 0]),
  }));
  const vectors = await embed(["abc", "ab"], options);
  expect(vectors[0]).toEqual(Float32Array.from([0.6, 0.8, 0]));
  for (const vector of vectors) expect(cosine(vector, vector)).toBeCloseTo(1, 5);
  expect(requests).toHaveLength(1);
  expect(requests[0]?.headers.authorization).toBe(`Bearer ${key}`);
  expect(requests[0]?.body).toMatchObject({ model: "tiny-1", input: ["abc", "ab"] });
});

const ones = (length: number) => Array.from({ length }, () => 1);

it.each<[string, EmbeddingReply, RegExp]>([
  ["an error", { status: 500 }, /status 500/],
  ["a refusal", { status: 401 }, /status 401/],
  [
    "vectors of different dimensions",
    { vectors: [ones(3), ones(2)] },
    /too few or too many numbers/,
  ],
  ["too few vectors", { vectors: [ones(3)] }, /too few or too many numbers/],
  ["too many vectors", { vectors: [ones(3), ones(3), ones(3)] }, /too few or too many numbers/],
  ["no dimensions", { vectors: [[], []] }, /0 dimensions/],
  ["too many dimensions", { vectors: [ones(4_097), ones(4_097)] }, /4097 dimensions/],
  ["words instead of numbers", { vectors: [["a"], ["b"]] as never }, /another form/],
  ["an answer without end", { bytes: 2_000_000 }, /longer than/],
])("fails for %s", async (_, reply, message) => {
  const { embed } = await embedder(() => reply);
  await expect(embed(["Good morning.", "Good evening."], options)).rejects.toThrow(message);
});

it("fails where no answer comes in time, and with the call that wants it", async () => {
  const caller = new AbortController();
  const late = await embedder(() => "hang", { timeoutMs: 300 });
  await expect(late.embed(["Good morning."], options)).rejects.toThrow(/within 300 ms/);
  const given = await embedder(() => {
    caller.abort(new Error("the caller has gone"));
    return "hang";
  });
  await expect(
    given.embed(["Good morning."], { urgent: true, signal: caller.signal }),
  ).rejects.toThrow("the caller has gone");
});

it("is asked again where its endpoint was busy", async () => {
  let calls = 0;
  const { embed } = await embedder(() =>
    calls++ === 0 ? { status: 503 } : { vectors: [ones(3)] },
  );
  expect(await embed(["Good morning."], options)).toHaveLength(1);
  expect(calls).toBe(2);
});

it("tells neither its key nor what was said to the log or to callers when it fails", async () => {
  const said = "The salary of Ann is too small.";
  const { requests, ...broken } = await embedder(() => ({
    status: 401,
    message: `Incorrect API key provided: ${key}`,
  }));
  const lines: string[] = [];
  const log = createLog("debug", { write: (line) => lines.push(line) });
  const scan = { capacity: 0, keep: () => undefined, nearest: () => Promise.reject(new Error()) };
  Object.assign(stage.services, { log, meaning: { embedder: broken, scan } });
  const sourceId = await meetingOf(stage, person());
  const wish = { sourceType: "meeting", sourceId, content: said };
  const answer = await stage.call(admin, "embeddings/actions:generateEmbedding", wish);
  expect(answer).toMatchObject({ success: false, error: "The embedding model gave no answer" });
  expect(requests.length).toBeGreaterThan(0);
  expect(lines.join()).toContain("an embedding was not made");
  for (const secret of [key, said, "What was decided?"]) {
    expect(lines.join()).not.toContain(secret);
    expect(JSON.stringify(answer)).not.toContain(secret);
  }
});
