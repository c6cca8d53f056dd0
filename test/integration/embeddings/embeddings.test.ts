import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { calibrate, pairs } from "../../../src/embeddings/calibrate.ts";
import { mostTexts } from "../../../src/meaning/port.ts";
import { cosine } from "../../../src/meaning/unit.ts";
import { takeTime } from "../../support/patience.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { vectorProcess } from "../support/meaning.ts";
import {
  admin,
  type MeetingStage,
  meetingOf,
  meetingStage,
  person,
} from "../support/meetingCalls.ts";

takeTime();

let test: TestDatabase;
let stage: MeetingStage;
const vectors = vectorProcess();
const never = new AbortController().signal;
const generate = "embeddings/actions:generateEmbedding";
const similar = "embeddings/queries:vectorSimilaritySearch";

beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
  stage.services.meaning = { embedder: vectors, scan: vectors };
});
afterAll(async () => {
  vectors.close();
  await test.close();
});

interface Generated {
  success: boolean;
  embeddingId: string;
  vector: string;
  error?: string;
}

async function embed(content: string): Promise<Generated & { meetingId: string }> {
  const meetingId = await meetingOf(stage, person());
  const wish = { sourceType: "meeting", sourceId: meetingId, content };
  return { meetingId, ...(await stage.call<Generated>(admin, generate, wish)) };
}

describe("the bundled model", () => {
  const options = { urgent: false, signal: never };

  it("gives vectors of length 1, the same for the same text, alone or with others", async () => {
    const texts = Array.from({ length: mostTexts }, (_, index) => `Sentence number ${index}.`);
    const together = await vectors.embed(texts, options);
    const [alone] = await vectors.embed([texts[3] ?? ""], options);
    expect(together).toHaveLength(mostTexts);
    expect(alone).toHaveLength(512);
    expect(cosine(alone as Float32Array, together[3] as Float32Array)).toBeCloseTo(1, 4);
    for (const vector of together) expect(cosine(vector, vector)).toBeCloseTo(1, 4);
  });

  it("bears any text", async () => {
    const odd = ["", " ", "🎉", "x".repeat(2_000), "ÄÖÜ \u0000", "一二三"];
    for (const vector of await vectors.embed(odd, options))
      expect(vector.every(Number.isFinite)).toBe(true);
  });

  it("puts most of what is sought nearer to what was said of it than to all else", async () => {
    const embedAll = (texts: string[]) => vectors.embed(texts, options);
    const sought = await embedAll(pairs.map(([text]) => text));
    const said = await embedAll(pairs.map(([, text]) => text));
    const right = sought.filter((query, at) => {
      const scores = said.map((one) => cosine(query, one));
      return scores.indexOf(Math.max(...scores)) === at;
    });
    expect(right.length / pairs.length).toBeGreaterThan(0.75);
    const threshold = await calibrate(vectors, never);
    expect(threshold).toBeGreaterThan(0.3);
    expect(threshold).toBeLessThan(0.4);
    const found = sought.filter(
      (query, at) => cosine(query, said[at] as Float32Array) >= threshold,
    );
    expect(found.length / pairs.length).toBeGreaterThanOrEqual(0.5);
  });

  it("starts again when it was killed, and fails what it owed", async () => {
    const mine = vectorProcess();
    await mine.embed(["Good morning."], options);
    const owed = mine.embed(["Good evening."], options);
    mine.close();
    await expect(owed).rejects.toThrow();
    expect(await mine.embed(["Good morning."], options)).toHaveLength(1);
    mine.close();
  });
});

it("keeps one embedding of each source and model", async () => {
  const { meetingId, embeddingId, vector } = await embed("Planning of the next quarter");
  const again = { sourceType: "meeting", sourceId: meetingId, content: "Something else entirely" };
  const second = await stage.call<Generated>(admin, generate, again);
  expect(second.vector).not.toBe(vector);
  const bySource = {
    ...{ sourceType: "meeting", sourceId: meetingId },
    paginationOpts: { cursor: null, numItems: 5 },
  };
  const found = await stage.call<{ page: { _id: string; vector: string }[]; isDone: boolean }>(
    ...([admin, "embeddings/queries:getEmbeddingsBySource", bySource] as const),
  );
  expect(found).toMatchObject({ isDone: true, page: [{ _id: second.embeddingId }] });
  const gone = await stage.call(admin, "embeddings/queries:getEmbedding", { embeddingId });
  expect(gone).toBeNull();
});

it("finds what is alike in meaning, from the calibrated threshold on", async () => {
  const { embeddingId } = await embed("The budget covers only half of what we wanted to spend.");
  await embed("The dog sleeps under the table.");
  const { vector: queryVector } = await embed("How much money do we have for our expenses?");
  const hits = await stage.call<{ embedding: { _id: string }; score: number }[]>(
    ...([admin, similar, { queryVector, limit: 5 }] as const),
  );
  expect(hits[0]?.score).toBeCloseTo(1, 4);
  expect(hits[1]?.embedding._id).toBe(embeddingId);
  expect(hits).toHaveLength(2);
  expect(await stage.call(admin, similar, { queryVector, sourceTypes: ["note"] })).toEqual([]);
  expect(await stage.call(admin, similar, { queryVector, model: "another" })).toEqual([]);
});

it("pages through what a model made", async () => {
  for (const text of ["One of them", "Another of them", "A third of them"]) await embed(text);
  const seen: string[] = [];
  for (let cursor: string | null = null, isDone = false; !isDone; ) {
    const asked = { model: vectors.model, paginationOpts: { cursor, numItems: 2 } };
    const page: { page: { _id: string }[]; isDone: boolean; continueCursor: string } =
      await stage.call(admin, "embeddings/queries:getEmbeddingsByModel", asked);
    seen.push(...page.page.map(({ _id }) => _id));
    ({ isDone, continueCursor: cursor } = page);
  }
  const [{ count } = { count: 0 }] = await test.sql<{ count: number }>(
    "SELECT count(*)::int AS count FROM embeddings",
  );
  expect(new Set(seen).size).toBe(count);
  expect(seen).toHaveLength(count);
});

it.each([
  ["an empty text", { content: " " }, "content"],
  ["a long one", { content: "x".repeat(2_001) }, "content"],
  ["another model", { model: "text-embedding-3-small" }, "model"],
  ["an impossible id", { sourceId: "a b" }, "sourceId"],
  ["much metadata", { metadata: { text: "x".repeat(5_000) } }, "metadata"],
])("refuses %s", async (_, change, field) => {
  const sourceId = await meetingOf(stage, person());
  const wish = { sourceType: "meeting", sourceId, content: "Planning", ...change };
  expect(await stage.refusal(admin, generate, wish)).toMatchObject({
    code: "VALIDATION_ERROR",
    metadata: { field },
  });
});

it("refuses what does not exist, and vectors that are none", async () => {
  const wish = { sourceType: "transcriptSegment", sourceId: "line_none", content: "Planning" };
  expect(await stage.refusal(admin, generate, wish)).toMatchObject({ code: "NOT_FOUND" });
  for (const queryVector of [
    "",
    "AAA=",
    Buffer.from(new Float32Array([Number.NaN]).buffer).toString("base64"),
  ])
    expect(await stage.refusal(admin, similar, { queryVector })).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { field: "queryVector" },
    });
});

it("says so when the model gives no answer, and when there is none", async () => {
  const sourceId = await meetingOf(stage, person());
  const wish = { sourceType: "meeting", sourceId, content: "Planning" };
  const broken = meetingStage(test);
  const embed = async () => {
    throw new Error("out of order");
  };
  const { model, version, provider } = vectors;
  broken.services.meaning = { embedder: { model, version, provider, embed }, scan: vectors };
  expect(await broken.call<Generated>(admin, generate, wish)).toMatchObject({
    ...{ success: false, embeddingId: "", vector: "" },
    error: "The embedding model gave no answer",
  });
  expect(await meetingStage(test).refusal(admin, generate, wish)).toMatchObject({
    code: "VALIDATION_ERROR",
    metadata: { reason: "embeddings_unavailable" },
  });
});
