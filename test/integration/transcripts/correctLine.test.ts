import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import type { UserIdentity } from "../../../src/auth/identity.ts";
import { patience, takeTime } from "../../support/patience.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { KeyWatch } from "../support/declaredKeys.ts";
import { forgetRecordings, HearingNodes, heard, hearingOf, texts } from "../support/hearing.ts";
import {
  guestOf,
  type MeetingStage,
  meetingOf,
  meetingStage,
  person,
  userIdOf,
} from "../support/meetingCalls.ts";

takeTime();

interface Told {
  _id: string;
  sequence: number;
  text: string;
  wordCount: number;
  correctedAt?: number;
}

const name = "transcripts/mutations:correctLine";
const ingest = "transcripts/ingestion:ingestTranscriptChunk";
let test: TestDatabase;
let stage: MeetingStage;
let nodes: HearingNodes;
let host: UserIdentity;
let hostId: string;
let guest: UserIdentity;
let guestId: string;
let meetingId: string;

beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
  nodes = new HearingNodes(test);
});
afterAll(() => test.close());
beforeEach(async () => {
  await forgetRecordings(test);
  host = person({ name: "Ada" });
  hostId = await userIdOf(stage, host);
  meetingId = await meetingOf(stage, host);
  ({ identity: guest, userId: guestId } = await guestOf(stage, host, meetingId));
});
afterEach(() => nodes.stop());

const chunk = (text: string, speakerId?: string) => ({
  ...{ meetingId, text, confidence: 1, startTime: 0, endTime: 900 },
  ...(speakerId === undefined ? {} : { speakerId }),
});
const lines = () =>
  stage.call<Told[]>(guest, "transcripts/ingestion:getTranscriptChunks", { meetingId });
/** The line that the guest has just said. */
async function said(text = "Meat at noon."): Promise<string> {
  await stage.call(guest, ingest, chunk(text, guestId));
  return (await lines()).at(-1)?._id ?? "";
}
const correct = (who: UserIdentity, lineId: string, text: string) =>
  stage.call<{ text: string; correctedAt?: number }>(who, name, { meetingId, lineId, text });
const refused = (who: UserIdentity, lineId: string, text = "Meet at noon.") =>
  stage.refusal(who, name, { meetingId, lineId, text });
const corrections = (lineId: string) =>
  stage.call(guest, "transcripts/queries:getLineCorrections", { meetingId, lineId });

it("is read by all who read the line, with a mark, and the original is kept with who changed it", async () => {
  const lineId = await said();
  expect(await corrections(lineId)).toEqual({
    ...{ text: "Meat at noon.", original: "Meat at noon.", corrections: [] },
  });
  expect((await lines())[0]).not.toHaveProperty("correctedAt");
  const first = await correct(guest, lineId, "  Meet at noon. ");
  expect(first).toEqual({ text: "Meet at noon.", correctedAt: expect.any(Number) });
  const second = await correct(host, lineId, "Let us meet at noon.");
  const marked = { text: "Let us meet at noon.", correctedAt: second.correctedAt };
  expect(await lines()).toMatchObject([{ ...marked, sequence: 1, wordCount: 5 }]);
  expect(
    await stage.call(guest, "realtime/subscriptions:subscribeTranscriptStream", { meetingId }),
  ).toMatchObject({ transcripts: [marked] });
  expect(
    await stage.call(guest, "transcripts/queries:getTranscriptSegments", { meetingId }),
  ).toMatchObject([marked]);
  expect(await corrections(lineId)).toEqual({
    ...{ text: "Let us meet at noon.", original: "Meat at noon." },
    corrections: [
      { ...first, correctedBy: guestId },
      { ...second, correctedBy: hostId, correctedByName: "Ada" },
    ],
  });
  const audited = await test.sql(
    "SELECT actor_user_id AS who, metadata FROM audit_logs WHERE action = 'transcript.correct' AND meeting_id = $1 ORDER BY at",
    [meetingId],
  );
  expect(audited).toEqual([guestId, hostId].map((who) => ({ who, metadata: { lineId } })));
});

it("changes nothing by the same text again, also at the same time", async () => {
  const lineId = await said();
  await correct(guest, lineId, "Meat at noon.");
  expect((await lines())[0]).not.toHaveProperty("correctedAt");
  const answers = await Promise.all([1, 2, 3].map(() => correct(host, lineId, "Meet at noon.")));
  expect(new Set(answers.map(({ correctedAt }) => correctedAt)).size).toBe(1);
  expect(await corrections(lineId)).toMatchObject({ corrections: [{ text: "Meet at noon." }] });
});

it("stays when the line is sent again, and when the recording is heard again", async () => {
  const lineId = await said();
  await correct(guest, lineId, "Meet at noon.");
  expect(await stage.call(guest, ingest, chunk("Meat at noon.", guestId))).toMatchObject({
    sequence: 1,
  });
  const { recordingId } = await stage.call<{ recordingId: string }>(
    host,
    "meetings/stream/index:startRecording",
    { meetingId },
  );
  await test.sql(
    "UPDATE recordings SET provider = 'embedded', state = 'processing', deadline_at = NULL WHERE id = $1",
    [recordingId],
  );
  const recording = { recordingId, hostId };
  const listen = async () => {
    const { loop } = nodes.start((_, onHeard) => onHeard(heard(recording, "I sea.", 0)));
    await vi.waitFor(
      async () => expect((await hearingOf(test, { recordingId }))?.state).toBe("finished"),
      patience,
    );
    await loop.stop();
  };
  await listen();
  await correct(host, (await lines()).at(-1)?._id ?? "", "I see.");
  await test.sql(
    "UPDATE recording_transcripts SET state = 'listening', heard = '{}' WHERE recording_id = $1",
    [recordingId],
  );
  await listen();
  expect(await texts(test, { meetingId })).toEqual(["Meet at noon.", "I see."]);
});

it("goes with its line, original and all", async () => {
  const lineId = await said();
  await correct(guest, lineId, "Meet at noon.");
  await stage.call(guest, "transcripts/mutations:deleteSpeakerLines", { meetingId });
  expect(await refused(host, lineId)).toMatchObject({ code: "NOT_FOUND" });
  const kept = await test.sql("SELECT 1 FROM transcript_corrections WHERE line_id = $1", [lineId]);
  expect(kept).toEqual([]);
});

it("is up to whoever said or sent it, and to hosts", async () => {
  const { identity: other } = await guestOf(stage, host, meetingId);
  const { identity: observer } = await guestOf(stage, host, meetingId, "observer");
  const lineId = await said();
  for (const who of [other, observer])
    expect(await refused(who, lineId)).toMatchObject({ code: "FORBIDDEN" });
  expect(await refused(person(), lineId)).toMatchObject({ code: "NOT_FOUND" });
  await stage.call(other, ingest, chunk("Sent without a name."));
  const sent = (await lines()).at(-1)?._id ?? "";
  await correct(other, sent, "Sent, without a name.");
  expect(await refused(guest, sent)).toMatchObject({ code: "FORBIDDEN" });
  expect(await texts(test, { meetingId })).toEqual(["Meat at noon.", "Sent, without a name."]);
});

it("is of a line of this meeting, not of a guess", async () => {
  const lineId = await said();
  await stage.call(guest, ingest, {
    ...chunk("And", guestId),
    ...{ isInterim: true, startTime: 2_000, endTime: 2_500 },
  });
  const [guess] = await test.sql<{ id: string }>(
    "SELECT id FROM transcripts WHERE meeting_id = $1 AND is_interim",
    [meetingId],
  );
  for (const id of [guess?.id ?? "", "line_none", "x".repeat(500)])
    expect(await refused(host, id)).toMatchObject({ code: "NOT_FOUND" });
  meetingId = await meetingOf(stage, host);
  expect(await refused(host, lineId)).toMatchObject({ code: "NOT_FOUND" });
});

it.each(["", " \n", "x".repeat(10_001)])("is refused as a text: %j", async (text) => {
  const lineId = await said();
  expect(await refused(guest, lineId, text)).toMatchObject({
    ...{ code: "VALIDATION_ERROR", metadata: { field: "text" } },
  });
});

it("is one of twenty of a line, and of sixty a person makes in a minute", async () => {
  const lineId = await said();
  for (let at = 1; at <= 20; at++) await correct(guest, lineId, `Meet at ${at}.`);
  expect(await refused(host, lineId)).toMatchObject({
    ...{ code: "CONFLICT", metadata: { reason: "too_many_corrections", limit: 20 } },
  });
  await test.sql(
    "INSERT INTO limited_calls SELECT $1, 'transcriptCorrection', app_now() FROM generate_series(1, 60)",
    [hostId],
  );
  expect(await refused(host, lineId)).toMatchObject({
    ...{ code: "RATE_LIMIT_EXCEEDED", metadata: { action: "transcriptCorrection", limit: 60 } },
  });
  expect(await texts(test, { meetingId })).toEqual(["Meet at 20."]);
});

it("is told to whoever follows the transcript", async () => {
  const lineId = await said();
  const watch = new KeyWatch(test, stage);
  watch.watch("guest", guest, {
    "realtime/subscriptions:subscribeTranscriptStream": { meetingId },
    "transcripts/queries:getTranscriptSegments": { meetingId },
    "transcripts/queries:getLineCorrections": { meetingId, lineId },
  });
  expect(await watch.stale(() => correct(host, lineId, "Meet at noon."))).toEqual({
    ...{ stale: [], changed: 3 },
  });
});
