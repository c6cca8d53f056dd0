import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { UserIdentity } from "../../../src/auth/identity.ts";
import type { HeardLine } from "../../../src/media/transcribe/protocol.ts";
import { patience, takeTime } from "../../support/patience.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { KeyWatch } from "../support/declaredKeys.ts";
import {
  beginRecording,
  forgetRecordings,
  HearingNodes,
  hearingOf,
  texts,
  timeOf,
} from "../support/hearing.ts";
import {
  guestOf,
  type MeetingStage,
  meetingOf,
  meetingStage,
  person,
  userIdOf,
} from "../support/meetingCalls.ts";

takeTime();

const all = "transcripts/mutations:deleteTranscript";
const ofOne = "transcripts/mutations:deleteSpeakerLines";
const transcribe = "transcripts/actions:transcribeRecording";
let test: TestDatabase;
let stage: MeetingStage;
let nodes: HearingNodes;
let host: UserIdentity;
let hostId: string;
let guest: UserIdentity;
let guestId: string;
let meetingId: string;
let begun: number;

beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
  nodes = new HearingNodes(test);
});
afterAll(() => test.close());
beforeEach(async () => {
  await forgetRecordings(test);
  await test.stopTime();
  host = person();
  hostId = await userIdOf(stage, host);
  meetingId = await meetingOf(stage, host);
  ({ identity: guest, userId: guestId } = await guestOf(stage, host, meetingId));
  begun = await clock();
});
afterEach(() => nodes.stop());

const clock = () => timeOf(test);
const chunk = (text: string, at: number, change: object = {}) => ({
  ...{ meetingId, text, confidence: 1, startTime: begun + at, endTime: begun + at + 500 },
  ...change,
});
const ingest = "transcripts/ingestion:ingestTranscriptChunk";
const say = (who: UserIdentity, text: string, at: number, change: object = {}) =>
  stage.call(who, ingest, chunk(text, at, change));
const remove = (args: object = {}) =>
  stage.call<{ deleted: number }>(host, all, { meetingId, ...args });
const removeOf = (who: UserIdentity, args: object = {}) =>
  stage.call<{ deleted: number }>(who, ofOne, { meetingId, ...args });
const said = () => texts(test, { meetingId });
const soon = (check: () => Promise<void>) => vi.waitFor(check, patience);
const line = (text: string, at: number, userId: string | null = hostId): HeardLine => ({
  ...{ trackId: `of ${userId}`, userId, text, confidence: 1, language: "en", mediaMs: at },
  ...{ startMs: begun + at, endMs: begun + at + 500 },
});

async function record(): Promise<string> {
  await test.advanceTime(61_000);
  begun = await clock();
  return beginRecording({ test, stage }, host, meetingId);
}

async function stop(recordingId: string): Promise<void> {
  await test.sql(
    `UPDATE recordings SET state = 'processing', deadline_at = NULL, stopped_at = app_now(), tracks = '[{"trackId": "t1"}]'
     WHERE id = $1`,
    [recordingId],
  );
}

/** All lines are heard at once. */
async function hear(recordingId: string, lines: HeardLine[]): Promise<void> {
  const { loop } = nodes.start((_, onHeard) =>
    onHeard({ recordingId, lines, heard: { t1: 1 }, notUnderstood: [] }),
  );
  await soon(async () => expect((await hearingOf(test, { recordingId }))?.state).toBe("finished"));
  await loop.stop();
}

const audited = () =>
  test.sql(
    `SELECT actor_user_id AS who, metadata FROM audit_logs WHERE meeting_id = $1 AND action = 'transcript.delete'
     ORDER BY at`,
    [meetingId],
  );

describe("the transcript of a meeting", () => {
  it("goes for good, once, and what is said from then on is there", async () => {
    await say(host, "Secret.", 0);
    await say(guest, "Indeed", 600, { isInterim: true });
    await test.advanceTime(5_000);
    expect(await remove()).toEqual({ deleted: 2 });
    expect(await remove()).toEqual({ deleted: 0 });
    expect(await stage.refusal(host, ingest, chunk("Secret.", 0))).toMatchObject({
      ...{ code: "VALIDATION_ERROR", metadata: { reason: "transcript_deleted" } },
    });
    await say(host, "News.", 5_000);
    expect(await said()).toEqual(["News."]);
    expect(await audited()).toEqual([{ who: hostId, metadata: { lines: 2 } }]);
  });

  it("is not written again of recordings that run, nor of those that have ended", async () => {
    const ended = await record();
    await test.advanceTime(5_000);
    await stop(ended);
    const running = await record();
    await test.advanceTime(5_000);
    await remove();
    await test.advanceTime(5_000);
    await hear(running, [line("Before.", 1_000), line("After.", 6_000)]);
    expect(await said()).toEqual(["After."]);
    expect(await hearingOf(test, { recordingId: ended })).toMatchObject({ state: "deleted" });
    expect(await stage.refusal(host, transcribe, { recordingId: ended })).toMatchObject({
      ...{ code: "CONFLICT", metadata: { reason: "transcript_deleted" } },
    });
  });

  it("is taken out of the hands of who is listening", async () => {
    const recordingId = await record();
    await test.advanceTime(5_000);
    let refused: unknown;
    nodes.start(async (_, onHeard, signal) => {
      const heard = (lines: HeardLine[], ms: number) =>
        onHeard({ recordingId, lines, heard: { t1: ms }, notUnderstood: [] });
      await heard([line("First.", 1_000)], 1);
      await nodes.untilReleased(signal);
      await heard([line("Second.", 2_000)], 2).catch((error: unknown) => {
        refused = error;
        throw error;
      });
    });
    await soon(async () => expect(await said()).toEqual(["First."]));
    await stop(recordingId);
    expect(await remove()).toEqual({ deleted: 1 });
    nodes.release();
    await soon(async () => expect(refused).toMatchObject({ code: "CONFLICT" }));
    expect(await said()).toEqual([]);
    expect(await hearingOf(test, { recordingId })).toMatchObject({ state: "deleted" });
  });

  it("is told to whoever follows it, of this meeting alone", async () => {
    const other = await meetingOf(stage, host);
    const watch = new KeyWatch(test, stage);
    await say(host, "Secret.", 0);
    await test.advanceTime(5_000);
    for (const id of [meetingId, other])
      watch.watch(id, host, {
        "realtime/subscriptions:subscribeTranscriptStream": { meetingId: id },
        "transcripts/queries:getTranscriptSegments": { meetingId: id },
      });
    expect(await watch.stale(() => remove())).toEqual({ stale: [], changed: 2 });
  });

  it("is deleted by hosts only", async () => {
    expect(await stage.refusal(guest, all, { meetingId })).toMatchObject({
      code: "INSUFFICIENT_PERMISSIONS",
    });
    expect(await stage.refusal(person(), all, { meetingId })).toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("the transcript of one recording", () => {
  it("goes with what clients have sent while it ran, and nothing else does", async () => {
    await say(host, "Before.", 0);
    const recordingId = await record();
    await say(host, "Sent.", 2_000);
    await test.advanceTime(5_000);
    await stop(recordingId);
    await hear(recordingId, [line("Heard.", 1_000), line("Heard, too.", 3_000, null)]);
    const next = await record();
    await test.advanceTime(5_000);
    await hear(next, [line("In the next one.", 1_000)]);
    expect(await remove({ recordingId })).toEqual({ deleted: 3 });
    expect(await said()).toEqual(["Before.", "In the next one."]);
    expect(await remove({ recordingId })).toEqual({ deleted: 0 });
    expect(await audited()).toEqual([{ who: hostId, metadata: { lines: 3, recordingId } }]);
  });

  it("is not begun where it was deleted before, and goes on where the recording still runs", async () => {
    const recordingId = await record();
    await test.advanceTime(5_000);
    await remove({ recordingId });
    await test.advanceTime(5_000);
    await hear(recordingId, [line("Before.", 1_000), line("After.", 6_000)]);
    expect(await said()).toEqual(["After."]);
    await stop(recordingId);
    const second = await record();
    await stop(second);
    await remove({ recordingId: second });
    expect(await hearingOf(test, { recordingId: second })).toMatchObject({ state: "deleted" });
  });

  it("is one of this meeting", async () => {
    const elsewhere = await record();
    await stop(elsewhere);
    meetingId = await meetingOf(stage, host);
    for (const recordingId of [elsewhere, "recording_none", "x".repeat(500)])
      expect(await stage.refusal(host, all, { meetingId, recordingId })).toMatchObject({
        code: "NOT_FOUND",
      });
    expect(await hearingOf(test, { recordingId: elsewhere })).toBeUndefined();
  });
});

describe("what one person has said", () => {
  it("goes at their word, with what they sent without a name, and is not heard again", async () => {
    const recordingId = await record();
    await say(guest, "Mine.", 0, { speakerId: guestId });
    await say(guest, "Mine, without a name.", 600);
    await say(host, "Yours.", 1_200, { speakerId: hostId });
    await test.advanceTime(10_000);
    expect(await removeOf(guest)).toEqual({ deleted: 2 });
    expect(await removeOf(guest)).toEqual({ deleted: 0 });
    await test.advanceTime(10_000);
    await hear(recordingId, [
      line("Mine, heard late.", 3_000, guestId),
      line("Yours, heard late.", 4_000),
      line("Mine, after.", 11_000, guestId),
    ]);
    expect(await said()).toEqual(["Yours.", "Yours, heard late.", "Mine, after."]);
    expect(
      await stage.refusal(guest, ingest, chunk("Mine.", 0, { speakerId: guestId })),
    ).toMatchObject({ code: "VALIDATION_ERROR", metadata: { reason: "transcript_deleted" } });
    expect(await audited()).toEqual([{ who: guestId, metadata: { lines: 2, speakerId: guestId } }]);
  });

  it("goes at a host's word, also of somebody who was taken out, and nobody else's", async () => {
    await say(guest, "Mine.", 0, { speakerId: guestId });
    await say(host, "Yours.", 600, { speakerId: hostId });
    await test.advanceTime(5_000);
    expect(await stage.refusal(guest, ofOne, { meetingId, speakerId: hostId })).toMatchObject({
      code: "FORBIDDEN",
    });
    expect(await stage.refusal(person(), ofOne, { meetingId })).toMatchObject({
      code: "NOT_FOUND",
    });
    const stranger = await userIdOf(stage, person());
    for (const speakerId of [stranger, "user_none"])
      expect(await stage.refusal(host, ofOne, { meetingId, speakerId })).toMatchObject({
        code: "NOT_FOUND",
      });
    await stage.call(host, "meetings/lifecycle:removeParticipant", { meetingId, userId: guestId });
    expect(await removeOf(host, { speakerId: guestId })).toEqual({ deleted: 1 });
    expect(await said()).toEqual(["Yours."]);
  });
});
