import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import type { UserIdentity } from "../../../src/auth/identity.ts";
import { patience, takeTime } from "../../support/patience.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
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

const name = "transcripts/actions:transcribeRecording";
let test: TestDatabase;
let stage: MeetingStage;
let nodes: HearingNodes;
let host: UserIdentity;
let hostId: string;
let recording: { meetingId: string; recordingId: string; hostId: string };

beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
  nodes = new HearingNodes(test);
});
afterAll(() => test.close());
beforeEach(async () => {
  await forgetRecordings(test);
  host = person();
  hostId = await userIdOf(stage, host);
  recording = await ended(false);
});
afterEach(() => nodes.stop());

/** A recording that has ended, of a meeting in which nothing was to be written down. */
async function ended(transcriptionEnabled: boolean) {
  const meetingId = await meetingOf(stage, host, { args: { transcriptionEnabled } });
  await test.advanceTime(61_000);
  const { recordingId } = await stage.call<{ recordingId: string }>(
    host,
    "meetings/stream/index:startRecording",
    { meetingId },
  );
  await test.sql(
    `UPDATE recordings SET provider = 'embedded', state = 'ready', deadline_at = NULL, stopped_at = app_now(),
       tracks = '[{"trackId": "t1", "kind": "audio", "startMs": 100, "endMs": 1100}]' WHERE id = $1`,
    [recordingId],
  );
  return { meetingId, recordingId, hostId };
}

const ask = () => stage.call<{ state: string }>(host, name, { recordingId: recording.recordingId });
const refused = (who = host, on = stage) =>
  on.refusal(who, name, { recordingId: recording.recordingId });
const soon = (check: () => Promise<void>) => vi.waitFor(check, patience);
const isOver = () =>
  soon(async () => expect((await hearingOf(test, recording))?.state).not.toBe("listening"));
const change = (what: string) =>
  test.sql(`UPDATE recordings SET ${what} WHERE id = $1`, [recording.recordingId]);

it("has a recording written down to which nobody has listened, once however often it is asked for", async () => {
  const { asked } = nodes.start(async (_, onHeard) => onHeard(heard(recording, "First.", 0)));
  const answers = await Promise.all([ask(), ask(), ask()]);
  expect(answers).toEqual(
    answers.map(() => ({
      ...{ recordingId: recording.recordingId, state: "running", progress: 0 },
      ...{ notUnderstood: 0, notUnderstoodMs: 0 },
    })),
  );
  await isOver();
  expect(await ask()).toEqual({
    ...{ recordingId: recording.recordingId, state: "complete", progress: 1 },
    ...{ notUnderstood: 1, notUnderstoodMs: 300 },
  });
  expect(asked).toHaveLength(1);
  expect(await texts(test, recording)).toEqual(["First."]);
  const audited = await test.sql(
    "SELECT actor_user_id FROM audit_logs WHERE resource_id = $1 AND action = 'recording.transcribe'",
    [recording.recordingId],
  );
  expect(audited).toEqual([{ actor_user_id: hostId }]);
});

it("goes on where the last attempt was given up", async () => {
  await test.sql(
    `INSERT INTO recording_transcripts (recording_id, state, attempts, heard, error)
     VALUES ($1, 'failed', 6, '{"t1": 500}', 'no binary for this machine')`,
    [recording.recordingId],
  );
  const { asked } = nodes.start(async (_, onHeard) => onHeard(heard(recording, "Second.", 500)));
  expect(await ask()).toMatchObject({ state: "running", progress: 0.5 });
  await isOver();
  expect(asked[0]?.heard).toEqual({ t1: 500 });
  expect(await ask()).toMatchObject({ state: "complete" });
});

it("listens again to what could not be heard, and tells what still cannot", async () => {
  const unheard = [{ trackId: "t2", reason: "no media" }];
  const first = nodes.start(async (_, onHeard) => onHeard(heard(recording, "First.", 0)), {
    unheard,
  });
  await ask();
  await isOver();
  await first.loop.stop();
  expect(await hearingOf(test, recording)).toMatchObject({ error: "t2: no media" });
  expect(await ask()).toMatchObject({ state: "running" });
  const { asked } = nodes.start(async () => undefined);
  await isOver();
  expect(asked[0]?.heard).toEqual({ t1: 500 });
  expect(await ask()).toMatchObject({ state: "complete", notUnderstood: 1 });
  expect(await texts(test, recording)).toEqual(["First."]);
});

it("is tried at once where it was put off", async () => {
  await test.sql(
    `INSERT INTO recording_transcripts (recording_id, attempts, error, next_at)
     VALUES ($1, 3, 'the speech process died', app_now() + interval '1 hour')`,
    [recording.recordingId],
  );
  expect(await ask()).toMatchObject({ state: "running", error: "the speech process died" });
  nodes.start(async () => undefined);
  await isOver();
});

it("is done by another server when the first is killed, without a line twice", async () => {
  const killed = nodes.start(async (_, onHeard, signal) => {
    await onHeard(heard(recording, "First.", 0));
    await nodes.untilReleased(signal);
    await onHeard(heard(recording, "Too late.", 500)).catch(() => undefined);
  });
  await ask();
  await soon(async () => expect(await texts(test, recording)).toEqual(["First."]));
  await test.sql("UPDATE recording_transcripts SET lease_until = app_now() - interval '1 ms'");
  const next = nodes.start(async (_, onHeard) => onHeard(heard(recording, "Second.", 500)));
  await ask();
  await isOver();
  nodes.release();
  await killed.loop.stop();
  expect(next.asked[0]?.heard).toEqual({ t1: 500 });
  expect(await texts(test, recording)).toEqual(["First.", "Second."]);
});

it.each([
  ["a running recording", "CONFLICT", undefined, "state = 'recording'"],
  ["one of which nothing was captured", "VALIDATION_ERROR", "no_media", "tracks = '[]'"],
  [
    "a provider's file that is not there yet",
    "CONFLICT",
    undefined,
    "provider = 'getstream', state = 'processing'",
  ],
  [
    "a provider's file that never came",
    "VALIDATION_ERROR",
    "no_media",
    "provider = 'getstream', state = 'failed'",
  ],
  ["a deleted one", "NOT_FOUND", "deleted", "deleted_at = app_now()"],
])("refuses %s", async (_, code, reason, what) => {
  await change(what);
  expect(await refused()).toMatchObject({ code, metadata: reason ? { reason } : {} });
  expect(await hearingOf(test, recording)).toBeUndefined();
});

it("refuses meetings of the free plan, servers without recognition, and whoever is no host", async () => {
  const { identity: guest } = await guestOf(stage, host, recording.meetingId);
  expect(await refused(guest)).toMatchObject({ code: "INSUFFICIENT_PERMISSIONS" });
  expect(await refused(person())).toMatchObject({ code: "NOT_FOUND" });
  const without = meetingStage(test, { CONNVO_TRANSCRIPTION: "none" });
  expect(await refused(host, without)).toMatchObject({
    ...{ code: "VALIDATION_ERROR", metadata: { reason: "transcription_unavailable" } },
  });
  await test.sql("UPDATE meetings SET tier = 'free' WHERE id = $1", [recording.meetingId]);
  expect(await refused()).toMatchObject({
    ...{ code: "VALIDATION_ERROR", metadata: { reason: "paid_tier_required" } },
  });
  expect(await hearingOf(test, recording)).toBeUndefined();
});
