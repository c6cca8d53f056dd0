import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { readVector } from "../../../src/embeddings/embedding.ts";
import { startEmbeddingLoop } from "../../../src/jobs/embeddings.ts";
import type { Loop } from "../../../src/jobs/loop.ts";
import type { Embedder } from "../../../src/meaning/port.ts";
import { cosine } from "../../../src/meaning/unit.ts";
import { patience, takeTime } from "../../support/patience.ts";
import { converse } from "../support/conversation.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { vectorProcess } from "../support/meaning.ts";
import {
  admin,
  type MeetingStage,
  meetingOf,
  meetingStage,
  person,
  userIdOf,
} from "../support/meetingCalls.ts";

takeTime();

let test: TestDatabase;
let stage: MeetingStage;
const vectors = vectorProcess();
const never = new AbortController().signal;
const loops: Loop[] = [];

beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(async () => {
  vectors.close();
  await test.close();
});
beforeEach(() => test.sql("DELETE FROM embedding_jobs"));
afterEach(() => Promise.all(loops.splice(0).map((loop) => loop.stop())));

/** A node; each is another server. */
function node(embedder: Embedder = vectors): void {
  const nodeId = `node${loops.length}`;
  loops.push(startEmbeddingLoop({ ...stage.services, embedder, nodeId }));
}

const said = [
  "We agreed to move the launch to the second week of March.",
  "The budget covers only half of what we planned to spend.",
  "Yes, of course.",
] as const;

/** A meeting in which somebody said that, which is over. */
async function ended(texts: readonly string[] = said) {
  const host = person({ name: "Alice" });
  const hostId = await userIdOf(stage, host);
  const meetingId = await meetingOf(stage, host);
  await converse(
    test,
    meetingId,
    texts.map((text) => [hostId, text]),
  );
  await stage.call(host, "meetings/lifecycle:endMeeting", { meetingId });
  await test.advanceTime(30_000);
  return { meetingId, host, hostId };
}

const embedded = (meetingId: string) =>
  test.sql<{ text: string; model: string; dimensions: number }>(
    `SELECT t.text, e.model, e.dimensions FROM embeddings e JOIN transcripts t ON t.id = e.line_id
     WHERE e.meeting_id = $1 ORDER BY t.sequence`,
    [meetingId],
  );
const textsOf = async (meetingId: string) => (await embedded(meetingId)).map(({ text }) => text);
const jobs = () =>
  test.sql<{ attempts: number; error: string | null; next_at: Date | null }>(
    "SELECT attempts, error, next_at FROM embedding_jobs",
  );
const soon = (check: () => Promise<void>) => vi.waitFor(check, patience);
const done = () => soon(async () => expect(await jobs()).toEqual([]));
const lineOf = async (meetingId: string, sequence: number) =>
  (
    await test.sql<{ id: string }>(
      "SELECT id FROM transcripts WHERE meeting_id = $1 AND sequence = $2",
      [meetingId, sequence],
    )
  )[0]?.id;

it("embeds what was said in a meeting that is over, but not what says nothing", async () => {
  const { meetingId } = await ended();
  node();
  await done();
  expect(await embedded(meetingId)).toEqual(
    said.slice(0, 2).map((text) => ({ text, model: vectors.model, dimensions: 512 })),
  );
});

it("waits for the end of the meeting", async () => {
  const host = person();
  const meetingId = await meetingOf(stage, host);
  await converse(test, meetingId, [[await userIdOf(stage, host), said[0]]]);
  await test.advanceTime(60_000);
  node();
  const other = await ended();
  await soon(async () => expect(await textsOf(other.meetingId)).toHaveLength(2));
  expect(await embedded(meetingId)).toEqual([]);
  await stage.call(host, "meetings/lifecycle:endMeeting", { meetingId });
  await done();
  expect(await textsOf(meetingId)).toEqual([said[0]]);
});

it("goes on where another node ended, and does nothing twice", async () => {
  const texts = Array.from({ length: 40 }, (_, index) => `This is sentence number ${index} of it.`);
  const { meetingId } = await ended(texts);
  const counted: string[] = [];
  const dying: Embedder = {
    ...{ model: vectors.model, version: vectors.version, provider: vectors.provider },
    embed: async (asked, options) => {
      if (counted.length >= 16 && !options.urgent) throw new Error("out of order");
      if (!options.urgent) counted.push(...asked);
      return vectors.embed(asked, options);
    },
  };
  node(dying);
  await soon(async () =>
    expect(await jobs()).toMatchObject([{ attempts: 1, error: "out of order" }]),
  );
  expect(await textsOf(meetingId)).toEqual(texts.slice(0, 16));
  await Promise.all(loops.splice(0).map((loop) => loop.stop()));
  await test.advanceTime(60_000);
  const asked: string[] = [];
  node({
    ...dying,
    embed: (more, options) => {
      if (!options.urgent) asked.push(...more);
      return vectors.embed(more, options);
    },
  });
  await done();
  expect(asked).toEqual(texts.slice(16));
  expect(await textsOf(meetingId)).toEqual(texts);
});

it("gives up where the model does not run, until more is said", async () => {
  const { meetingId, hostId } = await ended();
  node({
    ...{ model: vectors.model, version: vectors.version, provider: vectors.provider },
    embed: async () => {
      throw new Error("no such instruction");
    },
  });
  for (let attempts = 1; attempts <= 6; attempts++) {
    await soon(async () => expect(await jobs()).toMatchObject([{ attempts }]));
    await test.advanceTime(3_600_000);
  }
  await soon(async () => expect(await jobs()).toMatchObject([{ attempts: 6, next_at: null }]));
  await Promise.all(loops.splice(0).map((loop) => loop.stop()));
  await converse(test, meetingId, [[hostId, "The lawyers look at the contract."]], {
    fromMs: 90_000,
  });
  expect(await jobs()).toMatchObject([{ attempts: 0, next_at: expect.any(Date) }]);
});

it("embeds a corrected line anew", async () => {
  const { meetingId, host } = await ended();
  node();
  await done();
  const lineId = await lineOf(meetingId, 1);
  const text = "We agreed to cancel the launch altogether.";
  await stage.call(host, "transcripts/mutations:correctLine", { meetingId, lineId, text });
  expect(await textsOf(meetingId)).toEqual([said[1]]);
  await test.advanceTime(30_000);
  await done();
  expect(await textsOf(meetingId)).toEqual([text, said[1]]);
});

it("does not store what was corrected while it was embedded", async () => {
  const { meetingId, host } = await ended();
  const lineId = await lineOf(meetingId, 1);
  const text = "We agreed to cancel the launch altogether.";
  let isCorrected = false;
  node({
    ...{ model: vectors.model, version: vectors.version, provider: vectors.provider },
    embed: async (texts, options) => {
      if (!options.urgent && !isCorrected) {
        isCorrected = true;
        await stage.call(host, "transcripts/mutations:correctLine", { meetingId, lineId, text });
      }
      return vectors.embed(texts, options);
    },
  });
  await soon(async () => expect(await textsOf(meetingId)).toEqual([text, said[1]]));
  const [first] = await test.sql<{ vector: Buffer }>(
    "SELECT vector FROM embeddings WHERE line_id = $1",
    [lineId],
  );
  const [right, before] = await vectors.embed([text, said[0]], { urgent: true, signal: never });
  const stored = readVector(first?.vector ?? Buffer.alloc(0));
  expect(cosine(stored, right as Float32Array)).toBeCloseTo(1, 4);
  expect(cosine(stored, before as Float32Array)).toBeLessThan(0.9);
});

it("takes embeddings along with lines, a person's lines, a transcript", async () => {
  const { meetingId, host, hostId } = await ended();
  const guestId = await userIdOf(stage, person({ name: "Bob" }));
  await converse(test, meetingId, [[guestId, "Our lawyers look at the contract."]], {
    fromMs: 20_000,
  });
  await test.advanceTime(30_000);
  node();
  await done();
  expect(await textsOf(meetingId)).toHaveLength(3);
  const speaker = { meetingId, speakerId: guestId };
  await stage.call(host, "transcripts/mutations:deleteSpeakerLines", speaker);
  expect(await textsOf(meetingId)).toEqual(said.slice(0, 2));
  await stage.call(host, "transcripts/mutations:deleteTranscript", { meetingId });
  expect(await embedded(meetingId)).toEqual([]);
  expect(hostId).not.toBe(guestId);
});

it("embeds all anew with another model, and forgets what the one before made", async () => {
  const { meetingId } = await ended();
  node();
  await done();
  await Promise.all(loops.splice(0).map((loop) => loop.stop()));
  node({
    ...{ model: "another", version: "1", provider: "embedded" },
    embed: (texts, options) => vectors.embed(texts, options),
  });
  await soon(async () =>
    expect(await embedded(meetingId)).toMatchObject([{ model: "another" }, { model: "another" }]),
  );
  await done();
  const page = { paginationOpts: { cursor: null, numItems: 5 } };
  const { page: indexes } = await stage.call<{ page: { indexName: string; status: string }[] }>(
    ...([admin, "embeddings/queries:getVectorIndexMeta", page] as const),
  );
  expect(indexes.map(({ indexName, status }) => [indexName, status])).toEqual([
    ["flat:another", "active"],
    [`flat:${vectors.model}`, "inactive"],
  ]);
});
