import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { UserIdentity } from "../../../src/auth/identity.ts";
import { removeOldRows } from "../../../src/jobs/retention.ts";
import { writeLines } from "../../../src/transcripts/store.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { KeyWatch } from "../support/declaredKeys.ts";
import {
  guestOf,
  type MeetingStage,
  meetingOf,
  meetingStage,
  person,
  userIdOf,
} from "../support/meetingCalls.ts";

interface Told {
  sequence: number;
  text: string;
  startMs: number;
  endMs: number;
  isInterim?: boolean;
  speakerId?: string;
  wordCount: number;
  language: string;
}
interface Stream {
  transcripts: Told[];
  nextSequence: number;
  subscriptionValid: boolean;
  permissions: string[];
}
interface Segment {
  startMs: number;
  endMs: number;
  speakers: string[];
  text: string;
  topics: string[];
}
interface Ingested {
  success: boolean;
  sequence: number;
  bucketMs: number;
  rateLimitRemaining: number;
}

const ingestion = "transcripts/ingestion";
let test: TestDatabase;
let stage: MeetingStage;
let host: UserIdentity;
let hostId: string;
let guest: UserIdentity;
let guestId: string;
let meetingId: string;
let startedAt: number;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());
beforeEach(async () => {
  host = person();
  hostId = await userIdOf(stage, host);
  meetingId = await meetingOf(stage, host);
  ({ identity: guest, userId: guestId } = await guestOf(stage, host, meetingId));
  const [row] = await test.sql<{ at: Date }>(
    "SELECT started_at AS at FROM meetings WHERE id = $1",
    [meetingId],
  );
  startedAt = row?.at.getTime() ?? 0;
});

const chunk = (text: string, startTime: number, change: object = {}) => ({
  ...{ meetingId, text, confidence: 0.9, startTime, endTime: startTime + 1_000, ...change },
});
const say = (who: UserIdentity, text: string, startTime: number, change: object = {}) =>
  stage.call<Ingested>(who, `${ingestion}:ingestTranscriptChunk`, chunk(text, startTime, change));
const refused = (who: UserIdentity, args: object) =>
  stage.refusal(who, `${ingestion}:ingestTranscriptChunk`, args);
const chunks = (args: object = {}) =>
  stage.call<Told[]>(guest, `${ingestion}:getTranscriptChunks`, { meetingId, ...args });
const follow = (args: object = {}) =>
  stage.call<Stream>(guest, "realtime/subscriptions:subscribeTranscriptStream", {
    ...{ meetingId, ...args },
  });
const segments = (args: object = {}) =>
  stage.call<Segment[]>(guest, "transcripts/queries:getTranscriptSegments", { meetingId, ...args });
const texts = (lines: { text: string }[]) => lines.map(({ text }) => text);
const end = () => stage.call(host, "meetings/lifecycle:endMeeting", { meetingId });
/** Lines as our own recognition writes them. */
const recognized = (lines: [text: string, startMs: number, endMs: number, speakerId?: string][]) =>
  test.db.transaction((tx) =>
    writeLines(
      tx,
      meetingId,
      lines.map(([text, from, to, speakerId = hostId], index) => ({
        ...{ text, confidence: 1, startMs: startedAt + from, endMs: startedAt + to, speakerId },
        ...{ language: "en", isInterim: false, authorId: null, sourceKey: `${text} ${index}` },
      })),
    ),
  );

describe("a line", () => {
  it("is numbered, counted in words, and told on one time base", async () => {
    const first = await say(host, "  Good morning, everybody. ", 500, { speakerId: hostId });
    expect(first).toEqual({
      ...{ success: true, sequence: 1, rateLimitRemaining: 49 },
      bucketMs: Math.floor((startedAt + 500) / 300_000) * 300_000,
    });
    const second = await say(guest, "Guten Tag", startedAt + 700, { language: "de-at" });
    expect(second).toMatchObject({ sequence: 2, rateLimitRemaining: 49 });
    expect(await chunks()).toMatchObject([
      {
        ...{ sequence: 1, text: "Good morning, everybody.", wordCount: 3, speakerId: hostId },
        ...{ language: "en", startMs: startedAt + 500, endMs: startedAt + 1_500 },
      },
      { sequence: 2, text: "Guten Tag", startMs: startedAt + 700, language: "de-AT" },
    ]);
    expect((await chunks())[1]).not.toHaveProperty("speakerId");
  });

  it("is written once however often it is sent, also at the same time", async () => {
    const answers = await Promise.all([1, 2, 3].map(() => say(host, "Once.", 100)));
    expect(new Set(answers.map(({ sequence }) => sequence))).toEqual(new Set([1]));
    expect((await say(host, "Once.", 100)).sequence).toBe(1);
    expect((await say(host, "Once.", 2_000)).sequence).toBe(2);
    expect((await say(guest, "Once.", 100)).sequence).toBe(3);
    expect(texts(await chunks())).toEqual(["Once.", "Once.", "Once."]);
  });

  it("takes the place of its speaker's guesses, and late guesses say nothing", async () => {
    const guess = (text: string, at = 0) => say(host, text, at, { isInterim: true });
    await guess("I");
    await guess("I think");
    await say(guest, "Hm", 10, { isInterim: true });
    expect(texts((await follow()).transcripts)).toEqual(["I think", "Hm"]);
    expect(await chunks()).toEqual([]);
    const line = await say(host, "I think so.", 0);
    expect((await guess("I think")).sequence).toBe(line.sequence);
    expect((await follow()).transcripts).toMatchObject([
      { text: "Hm", isInterim: true },
      { text: "I think so.", isInterim: false },
    ]);
    await guess("And", 5_000);
    expect(texts((await follow()).transcripts)).toEqual(["Hm", "I think so.", "And"]);
    const stats = await stage.call(guest, `${ingestion}:getTranscriptStats`, { meetingId });
    expect(stats).toMatchObject({ totalChunks: 1, totalWords: 3 });
  });

  it.each([
    ["text", { text: " \n" }],
    ["text", { text: "x".repeat(10_001) }],
    ["confidence", { confidence: 1.01 }],
    ["confidence", { confidence: -0.01 }],
    ["endTime", { endTime: 0 }],
    ["startTime", { startTime: -5 }],
    ["endTime", { endTime: 600_001 }],
    ["startTime", { startTime: 10_000_000, endTime: 10_001_000 }],
    ["startTime", { startTime: 1_000_000_000_000, endTime: 1_000_000_001_000 }],
    ["language", { language: "not a language" }],
  ])("is refused for its %s: %j", async (field, change) => {
    expect(await refused(host, chunk("Hello", 0, change))).toMatchObject({
      ...{ code: "VALIDATION_ERROR", statusCode: 400, metadata: { field } },
    });
    expect(await chunks()).toEqual([]);
  });

  it("puts words in nobody else's mouth", async () => {
    expect(await refused(guest, chunk("I resign", 0, { speakerId: hostId }))).toMatchObject({
      code: "FORBIDDEN",
    });
    expect(await refused(host, chunk("I resign", 0, { speakerId: guestId }))).toMatchObject({
      code: "FORBIDDEN",
    });
  });

  it("is only of a running meeting whose host wants it written down", async () => {
    const silent = await meetingOf(stage, host, { args: { transcriptionEnabled: false } });
    expect(await refused(host, { ...chunk("Hello", 0), meetingId: silent })).toMatchObject({
      ...{ code: "VALIDATION_ERROR", metadata: { reason: "transcription_off" } },
    });
    const later = await meetingOf(stage, host, { start: false });
    expect(await refused(host, { ...chunk("Hello", 0), meetingId: later })).toMatchObject({
      ...{ code: "MEETING_NOT_ACTIVE", metadata: { meetingId: later, state: "scheduled" } },
    });
    await end();
    expect(await refused(host, chunk("Hello", 0))).toMatchObject({ code: "MEETING_NOT_ACTIVE" });
  });

  it("is one of fifty a person sends in a minute, in whatever meeting", async () => {
    await test.stopTime();
    await test.sql(
      "INSERT INTO limited_calls SELECT $1, 'transcriptIngestion', app_now() FROM generate_series(1, 49)",
      [hostId],
    );
    expect(await say(host, "The fiftieth", 0)).toMatchObject({ rateLimitRemaining: 0 });
    const [row] = await test.sql<{ now: Date }>("SELECT app_now() AS now");
    const now = row?.now.getTime() ?? 0;
    expect(await refused(host, chunk("Too much", 2_000))).toMatchObject({
      ...{ code: "RATE_LIMIT_EXCEEDED", statusCode: 429 },
      metadata: {
        ...{ action: "transcriptIngestion", limit: 50, retryAfterMs: 60_000 },
        ...{ retryAfterSeconds: 60, resetTime: now + 60_000, windowStart: now },
      },
    });
    await say(guest, "Others go on", 2_000);
    await test.advanceTime(60_000);
    expect(await say(host, "Again", 3_000)).toMatchObject({ rateLimitRemaining: 49 });
  });

  it("is one of 50,000 that a meeting keeps", async () => {
    await test.sql("INSERT INTO transcriptions (meeting_id, last_sequence) VALUES ($1, 50000)", [
      meetingId,
    ]);
    expect(await refused(host, chunk("Too much", 0))).toMatchObject({
      ...{ code: "VALIDATION_ERROR", metadata: { reason: "too_many_lines", limit: 50_000 } },
    });
  });

  it("is one of a share that leaves room for others, however many have used up theirs", async () => {
    const sent = async (userId: string, lines: number) => {
      await test.sql("INSERT INTO transcript_authors VALUES ($1, $2, $3)", [
        ...[meetingId, userId, lines],
      ]);
      await test.sql(
        `INSERT INTO transcriptions VALUES ($1, $2)
         ON CONFLICT (meeting_id) DO UPDATE SET last_sequence = transcriptions.last_sequence + $2`,
        [meetingId, lines],
      );
    };
    await sent(hostId, 24_999);
    await say(host, "The last of the share.", 0);
    expect(await refused(host, chunk("Too much", 2_000))).toMatchObject({
      ...{ code: "VALIDATION_ERROR", metadata: { reason: "too_many_lines", limit: 25_000 } },
    });
    expect((await say(host, "The last of the share.", 0)).sequence).toBe(25_000);
    await sent(guestId, 12_500);
    expect(await refused(guest, chunk("Too much", 2_000))).toMatchObject({
      ...{ code: "VALIDATION_ERROR", metadata: { reason: "too_many_lines", limit: 12_500 } },
    });
    const { identity: another } = await guestOf(stage, host, meetingId);
    await say(another, "There is room.", 2_000);
  });

  it("is written by the batched function too, at once", async () => {
    const batched = "realtime/batchedOperations:batchIngestTranscriptChunk";
    const args = { meetingId, text: "At once.", confidence: 1, startMs: 0, endMs: 900 };
    expect(await stage.call(guest, batched, args)).toEqual({ batchSize: 1, queued: false });
    await stage.call(guest, batched, args);
    expect(texts(await chunks())).toEqual(["At once."]);
  });
});

it("a guess that nobody finishes goes after a while, a line stays", async () => {
  await say(host, "I was about to", 0, { isInterim: true });
  await say(guest, "Yes.", 100);
  await test.advanceTime(121_000);
  await removeOldRows(test.db);
  expect(texts((await follow()).transcripts)).toEqual(["Yes."]);
});

describe("what was said", () => {
  it("can be read by numbers at any time, page by page, long after the meeting", async () => {
    for (let at = 0; at < 5; at++) await say(host, `Line ${at}`, at * 1_000);
    await end();
    await test.advanceTime(365 * 86_400_000);
    const first = await chunks({ limit: 2 });
    expect(texts(first)).toEqual(["Line 0", "Line 1"]);
    expect(texts(await chunks({ fromSequence: first[1]?.sequence, limit: 200 }))).toEqual([
      ...["Line 2", "Line 3", "Line 4"],
    ]);
    expect(await follow({ fromSequence: 3 })).toMatchObject({
      ...{ subscriptionValid: false, nextSequence: 5, permissions: ["read"] },
      transcripts: [{ text: "Line 3" }, { text: "Line 4" }],
    });
    expect(await follow({ fromSequence: 5 })).toMatchObject({ transcripts: [], nextSequence: 5 });
    for (const [field, args] of [
      ["limit", { limit: 201 }],
      ["limit", { limit: 0 }],
      ["fromSequence", { fromSequence: -1 }],
      ["bucketMs", { bucketMs: 0.5 }],
    ] as const)
      expect(
        await stage.refusal(guest, `${ingestion}:getTranscriptChunks`, { meetingId, ...args }),
      ).toMatchObject({ code: "VALIDATION_ERROR", metadata: { field } });
  });

  it("can be asked for by five minutes", async () => {
    const bucketMs = Math.ceil((startedAt + 1) / 300_000) * 300_000;
    const before = bucketMs - startedAt - 1;
    await recognized([
      ["Before", before, before + 500],
      ["Within", before + 1, before + 600],
      ["Last", before + 300_000, before + 300_500],
      ["After", before + 300_001, before + 300_600],
    ]);
    expect(texts(await chunks({ bucketMs }))).toEqual(["Within", "Last"]);
    expect(await chunks({ bucketMs: 0 })).toEqual([]);
  });

  it("is told in figures", async () => {
    await recognized([
      ["One two three", 1_000, 2_000],
      ["Four", 400_000, 401_000, guestId],
    ]);
    const stats = await stage.call(guest, `${ingestion}:getTranscriptStats`, { meetingId });
    expect(stats).toMatchObject({
      ...{ totalChunks: 2, totalWords: 4, averageConfidence: 1, duration: 400_000 },
      ...{ languages: ["en"], bucketCount: 2 },
    });
    expect(new Set((stats as { speakers: string[] }).speakers)).toEqual(new Set([hostId, guestId]));
    const empty = await meetingOf(stage, host);
    expect(await stage.call(host, `${ingestion}:getTranscriptStats`, { meetingId: empty })).toEqual(
      {
        ...{ totalChunks: 0, totalWords: 0, averageConfidence: 0, duration: 0 },
        ...{ languages: [], speakers: [], bucketCount: 0 },
      },
    );
  });

  it("is joined in the order of speech where one person goes on", async () => {
    await stage.call(host, "meetings/stateTracking:updateCurrentTopics", {
      ...{ meetingId, topics: ["Budget", "Hiring"] },
    });
    await recognized([
      ["about the budget.", 3_000, 5_000],
      ["Let us talk", 1_000, 2_500],
      ["Fine.", 5_100, 5_500, guestId],
      ["So.", 6_000, 6_500],
      ["After a pause.", 11_501, 12_000],
    ]);
    expect(await segments()).toMatchObject([
      {
        ...{ text: "Let us talk about the budget.", speakers: [hostId], topics: ["Budget"] },
        ...{ startMs: startedAt + 1_000, endMs: startedAt + 5_000 },
      },
      { text: "Fine.", speakers: [guestId], topics: [] },
      { text: "So.", speakers: [hostId] },
      { text: "After a pause." },
    ]);
    expect(texts(await segments({ limit: 2 }))).toEqual([
      ...["Let us talk about the budget.", "Fine."],
    ]);
  });

  it("is whole where it is more than a page of lines long", async () => {
    const lines = Array.from(
      { length: 1_203 },
      (_, at) => [`w${at}`, at * 1_000, at * 1_000 + 900] as [string, number, number],
    );
    await recognized(lines);
    const found = await segments({ limit: 1_000 });
    expect(found.map(({ text }) => text).join(" ")).toBe(lines.map(([text]) => text).join(" "));
    expect(Math.max(...found.map(({ startMs, endMs }) => endMs - startMs))).toBeLessThanOrEqual(
      120_000,
    );
  });

  it("runs live queries of its own meeting only", async () => {
    const other = await meetingOf(stage, host);
    const watch = new KeyWatch(test, stage);
    for (const id of [meetingId, other])
      watch.watch(id, host, {
        "realtime/subscriptions:subscribeTranscriptStream": { meetingId: id },
        "transcripts/queries:getTranscriptSegments": { meetingId: id },
      });
    expect(await watch.stale(() => say(guest, "News.", 0))).toEqual({ stale: [], changed: 2 });
    expect(await watch.stale(end)).toEqual({ stale: [], changed: 1 });
  });
});

it("a reader who goes on from a number misses nothing that others write at the same time", async () => {
  const people = [host, guest];
  const written = Promise.all(
    Array.from({ length: 40 }, (_, at) =>
      say(people[at % 2] as UserIdentity, `L${at}`, at * 1_000),
    ),
  );
  const read = new Set<string>();
  let from = 0;
  let isOver = false;
  void written.finally(() => {
    isOver = true;
  });
  for (let last = false; !last; ) {
    last = isOver;
    const { transcripts, nextSequence } = await follow({ fromSequence: from });
    for (const { text } of transcripts) read.add(text);
    from = nextSequence;
  }
  await written;
  expect(read.size).toBe(40);
});
