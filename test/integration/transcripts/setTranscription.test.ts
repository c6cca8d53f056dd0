import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
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

const name = "transcripts/mutations:setTranscriptionEnabled";
let test: TestDatabase;
let stage: MeetingStage;
let nodes: HearingNodes;
let host: UserIdentity;
let hostId: string;
let meetingId: string;

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
});
afterEach(() => nodes.stop());

const set = (enabled: boolean) => stage.call(host, name, { meetingId, enabled });
const clock = () => timeOf(test);
const chunk = (text: string, startTime: number, change: object = {}) => ({
  ...{ meetingId, text, confidence: 1, startTime, endTime: startTime + 1_000, ...change },
});
const say = (text: string, startTime: number, change: object = {}) =>
  stage.call(host, "transcripts/ingestion:ingestTranscriptChunk", chunk(text, startTime, change));
const refusedLine = (startTime: number) =>
  stage.refusal(host, "transcripts/ingestion:ingestTranscriptChunk", chunk("Secret", startTime));
const getMeeting = () =>
  stage.call<{ transcriptionEnabled?: boolean }>(host, "meetings/queries:getMeeting", {
    meetingId,
  });
const said = () => texts(test, { meetingId });
const soon = (check: () => Promise<void>) => vi.waitFor(check, patience);

const record = () => beginRecording({ test, stage }, host, meetingId);

const line = (text: string, startMs: number, endMs = startMs + 1_000): HeardLine => ({
  ...{ trackId: "t1", userId: hostId, text, confidence: 1, language: "en", startMs, endMs },
  mediaMs: Math.max(0, startMs % 1_000_000),
});

/** All lines are heard at once, however long ago they were said. */
async function hear(recordingId: string, lines: HeardLine[]): Promise<void> {
  nodes.start((_, onHeard) => onHeard({ recordingId, lines, heard: { t1: 1 }, notUnderstood: [] }));
  await soon(async () => expect((await hearingOf(test, { recordingId }))?.state).toBe("finished"));
}

it("is off at once for what clients send, and on again for what is said then; what was said stays", async () => {
  const begun = await clock();
  expect(await getMeeting()).toMatchObject({ transcriptionEnabled: true });
  await say("Before.", begun);
  await say("I was about to", begun + 500, { isInterim: true });
  await say("While it is clicked.", begun + 1_500);
  await test.advanceTime(2_000);
  expect(await set(false)).toEqual({ enabled: false });
  expect(await getMeeting()).toMatchObject({ transcriptionEnabled: false });
  expect(await said()).toEqual(["Before."]);
  const off = { code: "VALIDATION_ERROR", metadata: { reason: "transcription_off" } };
  expect(await refusedLine(begun + 2_000)).toMatchObject(off);
  await test.advanceTime(10_000);
  expect(await set(true)).toEqual({ enabled: true });
  expect(await refusedLine(begun + 5_000)).toMatchObject(off);
  await say("After.", begun + 12_000);
  expect(await said()).toEqual(["Before.", "After."]);
});

it("is off for our own recognition, however late that hears it", async () => {
  const recordingId = await record();
  const begun = await clock();
  await test.advanceTime(10_000);
  await set(false);
  await test.advanceTime(10_000);
  await set(true);
  await test.advanceTime(10_000);
  await hear(recordingId, [
    line("Before.", begun + 1_000),
    line("In the middle of a sentence.", begun + 9_500),
    line("While it was off.", begun + 12_000),
    line("As it was turned on.", begun + 19_500),
    line("After.", begun + 21_000),
  ]);
  expect(await said()).toEqual(["Before.", "After."]);
});

it("stays off to the end of the meeting, and is not asked for later", async () => {
  await set(false);
  const recordingId = await record();
  await test.advanceTime(10_000);
  await stage.call(host, "meetings/lifecycle:endMeeting", { meetingId });
  await test.sql(
    `UPDATE recordings SET state = 'ready', deadline_at = NULL, stopped_at = app_now(), tracks = '[{"trackId": "t1"}]'
     WHERE id = $1`,
    [recordingId],
  );
  const ask = "transcripts/actions:transcribeRecording";
  expect(await stage.refusal(host, ask, { recordingId })).toMatchObject({
    ...{ code: "VALIDATION_ERROR", metadata: { reason: "transcription_off" } },
  });
});

it("is turned on in a meeting that began without, of which what was said before is left out", async () => {
  meetingId = await meetingOf(stage, host, { args: { transcriptionEnabled: false } });
  const recordingId = await record();
  const begun = await clock();
  await test.advanceTime(10_000);
  await set(true);
  await test.advanceTime(10_000);
  await hear(recordingId, [line("Before.", begun + 1_000), line("After.", begun + 11_000)]);
  expect(await said()).toEqual(["After."]);
});

it("is decided before the meeting, too, and by the same word again nothing changes", async () => {
  meetingId = await meetingOf(stage, host, { start: false });
  await Promise.all([set(false), set(false)]);
  await set(false);
  expect(await getMeeting()).toMatchObject({ transcriptionEnabled: false });
  const audited = await test.sql(
    "SELECT actor_user_id FROM audit_logs WHERE meeting_id = $1 AND action = 'transcription.disabled'",
    [meetingId],
  );
  expect(audited).toEqual([{ actor_user_id: hostId }]);
  await set(true);
  await stage.call(host, "meetings/lifecycle:startMeeting", { meetingId });
  await say("Hello.", await clock());
  expect(await said()).toEqual(["Hello."]);
});

it("nothing is written that was said after, when both happen at the same moment", async () => {
  const recordingId = await record();
  const begun = await clock();
  await test.advanceTime(60_000);
  let off: Promise<unknown> | undefined;
  nodes.start(async (_, onHeard) => {
    for (let at = 0; at < 30; at++) {
      // Said at this moment, and a little later.
      const lines = [line(`L${at}`, begun + 59_000 + at * 10, begun + 59_999 + at * 10)];
      if (at === 10) off = set(false);
      await onHeard({ recordingId, lines, heard: { t1: at }, notUnderstood: [] });
    }
  });
  await soon(async () => expect((await hearingOf(test, { recordingId }))?.state).toBe("finished"));
  await off;
  const late = await test.sql(
    `SELECT text FROM transcripts t JOIN transcription_breaks b USING (meeting_id)
     WHERE t.meeting_id = $1 AND t.end_ms > b.from_ms`,
    [meetingId],
  );
  expect(late).toEqual([]);
  expect(await said()).toContain("L0");
});

it("is told to whoever watches the meeting", async () => {
  const other = await meetingOf(stage, host);
  const watch = new KeyWatch(test, stage);
  await say("I was about to", await clock(), { isInterim: true });
  for (const id of [meetingId, other])
    watch.watch(id, host, {
      "meetings/queries:getMeeting": { meetingId: id },
      "realtime/subscriptions:subscribeTranscriptStream": { meetingId: id },
    });
  expect(await watch.stale(() => set(false))).toEqual({ stale: [], changed: 2 });
});

it("is up to hosts, of a meeting that is not over, and 200 times", async () => {
  const { identity: guest } = await guestOf(stage, host, meetingId);
  const args = { meetingId, enabled: false };
  expect(await stage.refusal(guest, name, args)).toMatchObject({
    code: "INSUFFICIENT_PERMISSIONS",
  });
  expect(await stage.refusal(person(), name, args)).toMatchObject({ code: "NOT_FOUND" });
  await test.sql(
    `INSERT INTO transcription_breaks SELECT $1, at, at + 1 FROM generate_series(1, 200) AS g(at)`,
    [meetingId],
  );
  expect(await stage.refusal(host, name, args)).toMatchObject({
    ...{ code: "CONFLICT", metadata: { reason: "too_many_breaks", limit: 200 } },
  });
  expect(await getMeeting()).toMatchObject({ transcriptionEnabled: true });
  await stage.call(host, "meetings/lifecycle:endMeeting", { meetingId });
  expect(await stage.refusal(host, name, args)).toMatchObject({
    ...{ code: "VALIDATION_ERROR", metadata: { reason: "meeting_concluded" } },
  });
});
