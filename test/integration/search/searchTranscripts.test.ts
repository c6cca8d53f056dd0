import { afterAll, beforeAll, expect, it } from "vitest";
import { embedMeeting } from "../../../src/embeddings/embedMeeting.ts";
import { takeTime } from "../../support/patience.ts";
import { converse } from "../support/conversation.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { vectorProcess } from "../support/meaning.ts";
import {
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
const search = "transcripts/search:searchTranscripts";

interface Found {
  hits: { excerpt: string; match: string; meetingId: string; url: string; seconds?: number }[];
  meaning: string;
}

beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
  stage.services.meaning = { embedder: vectors, scan: vectors };
});
afterAll(async () => {
  vectors.close();
  await test.close();
});

const said = [
  "The budget covers only half of what we planned to spend.",
  "We are going to ship the new version in March.",
  "The dog sleeps under the table.",
];

/** A meeting of two in which that was said. */
async function meeting(texts: readonly string[] = said) {
  const host = person({ name: "Alice" });
  const hostId = await userIdOf(stage, host);
  const meetingId = await meetingOf(stage, host);
  await converse(
    test,
    meetingId,
    texts.map((text) => [hostId, text]),
  );
  await embedMeeting({ db: test.db, embedder: vectors }, meetingId, never);
  return { host, hostId, meetingId };
}

it("finds words in any form first, then what means the same", async () => {
  const { host, meetingId } = await meeting();
  const byWords = await stage.call<Found>(host, search, { query: "shipping versions" });
  expect(byWords.hits[0]).toMatchObject({ excerpt: said[1], match: "words", meetingId });
  const byMeaning = await stage.call<Found>(host, search, {
    query: "How much money do we have for our expenses?",
  });
  expect(byMeaning).toMatchObject({
    meaning: "used",
    hits: [{ excerpt: said[0], match: "meaning", url: `http://connvo.test/meetings/${meetingId}` }],
  });
});

it("leads into the player, at that second", async () => {
  const { host, hostId, meetingId } = await meeting();
  await test.sql(
    `INSERT INTO recordings (id, meeting_id, room_id, provider, quality, layout, audio_only, max_duration_ms, state,
       started_by, requested_at, started_at, stopped_at)
     SELECT $1 || 'r', $1, $1, 'embedded', '720p', 'grid', true, 1000, 'ready', $2, at, at, at + interval '1 minute'
     FROM (SELECT to_timestamp(min(start_ms) / 1000.0) AS at FROM transcripts WHERE meeting_id = $1) first`,
    [meetingId, hostId],
  );
  const { hits } = await stage.call<Found>(host, search, { query: "dog" });
  expect(hits[0]).toMatchObject({
    seconds: 8,
    url: `http://connvo.test/watch/${meetingId}r#t=8`,
  });
});

it("finds nothing of meetings that somebody is not in, by words or meaning", async () => {
  const { meetingId, hostId } = await meeting();
  const stranger = person();
  for (const query of ["budget", "How much money do we have for our expenses?"])
    for (const more of [{}, { meetingId }])
      expect((await stage.call<Found>(stranger, search, { query, ...more })).hits).toEqual([]);
  // Nor after they were taken out of one in which they found it, whatever is still in memory.
  const guest = person();
  const guestId = await userIdOf(stage, guest);
  await test.sql(
    "INSERT INTO meeting_participants (id, meeting_id, user_id, role) VALUES ($1 || 'g', $1, $2, 'observer')",
    [meetingId, guestId],
  );
  const found = () =>
    stage.call<Found>(guest, search, { query: "How much money do we have for our expenses?" });
  expect((await found()).hits).toHaveLength(1);
  await test.sql("DELETE FROM meeting_participants WHERE user_id = $1", [guestId]);
  expect((await found()).hits).toEqual([]);
  expect(hostId).not.toBe(guestId);
});

it("finds nothing that was deleted, though it was in memory", async () => {
  const { host, meetingId } = await meeting();
  const found = () =>
    stage.call<Found>(host, search, { query: "How much money do we have for our expenses?" });
  expect((await found()).hits).toHaveLength(1);
  await test.advanceTime(60_000);
  await stage.call(host, "transcripts/mutations:deleteTranscript", { meetingId });
  expect((await found()).hits).toEqual([]);
});

it("goes by words alone where the model gives no answer or is not wanted", async () => {
  const { host } = await meeting();
  const embed = async () => {
    throw new Error("out of order");
  };
  const { model, version, provider } = vectors;
  const other = meetingStage(test);
  expect(await other.call<Found>(host, search, { query: "budget" })).toMatchObject({
    ...{ meaning: "off", hits: [{ excerpt: said[0], match: "words" }] },
  });
  other.services.meaning = { embedder: { model, version, provider, embed }, scan: vectors };
  expect(await other.call<Found>(host, search, { query: "budget" })).toMatchObject({
    ...{ meaning: "unavailable", hits: [{ excerpt: said[0], match: "words" }] },
  });
});

it.each(["", "  ", "x".repeat(201)])("refuses the query %j", async (query) => {
  expect(await stage.refusal(person(), search, { query })).toMatchObject({
    code: "VALIDATION_ERROR",
    metadata: { field: "query" },
  });
});

it.each(["'", "& | !", "a:* <-> b", '"unclosed', "\\", "-", "🎉", "the of and"])(
  "bears the query %j",
  async (query) => {
    const { meaning } = await stage.call<Found>(person(), search, { query });
    expect(meaning).toBe("used");
  },
);
