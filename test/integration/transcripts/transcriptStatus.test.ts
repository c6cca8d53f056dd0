import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import type { UserIdentity } from "../../../src/auth/identity.ts";
import { patience, takeTime } from "../../support/patience.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { KeyWatch } from "../support/declaredKeys.ts";
import {
  beginRecording,
  forgetRecordings,
  HearingNodes,
  heard,
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

interface Status {
  enabled: boolean;
  state: string;
  recordings: {
    recordingId: string;
    state: string;
    reason?: string;
    progress?: number;
    notUnderstood: number;
    notUnderstoodMs: number;
    error?: string;
  }[];
}

const name = "transcripts/queries:getTranscriptStatus";
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

const status = (args: object = {}, on = stage) =>
  on.call<Status>(host, name, { meetingId, ...args });
const set = (enabled: boolean) =>
  stage.call(host, "transcripts/mutations:setTranscriptionEnabled", { meetingId, enabled });
const soon = (check: () => Promise<void>) => vi.waitFor(check, patience);

async function record(): Promise<string> {
  await test.advanceTime(61_000);
  return beginRecording({ test, stage }, host, meetingId);
}

async function stop(recordingId: string): Promise<void> {
  await test.advanceTime(10_000);
  await test.sql(
    `UPDATE recordings SET state = 'ready', deadline_at = NULL, stopped_at = app_now(), tracks = '[
       {"trackId": "t1", "kind": "audio", "startMs": 0, "endMs": 1000},
       {"trackId": "t2", "kind": "audio", "startMs": 500, "endMs": 1500},
       {"trackId": "v1", "kind": "video", "startMs": 0, "endMs": 9000}]' WHERE id = $1`,
    [recordingId],
  );
}

it("goes from nothing to complete, with how far it is and what was not understood", async () => {
  expect(await status()).toEqual({ enabled: true, state: "none", recordings: [] });
  const recordingId = await record();
  const nothing = { recordingId, notUnderstood: 0, notUnderstoodMs: 0 };
  expect(await status()).toEqual({
    ...{ enabled: true, state: "running", recordings: [{ ...nothing, state: "running" }] },
  });
  await stop(recordingId);
  expect(await status()).toMatchObject({ state: "none", recordings: [{ state: "none" }] });
  await stage.call(host, "transcripts/actions:transcribeRecording", { recordingId });
  nodes.start(async (_, onHeard, signal) => {
    await onHeard(heard({ recordingId, hostId }, "First.", 0));
    await nodes.untilReleased(signal);
  });
  await soon(async () =>
    expect(await status({ recordingId })).toEqual({
      ...{ enabled: true, state: "running" },
      recordings: [
        { recordingId, state: "running", progress: 0.25, notUnderstood: 1, notUnderstoodMs: 300 },
      ],
    }),
  );
  nodes.release();
  await soon(async () =>
    expect(await status()).toMatchObject({
      ...{ state: "complete", recordings: [{ state: "complete", progress: 1 }] },
    }),
  );
});

it("is off where a host does not want it, also of what was recorded meanwhile", async () => {
  const running = await record();
  await test.advanceTime(1_000);
  await set(false);
  expect(await status()).toMatchObject({
    ...{ enabled: false, state: "off", recordings: [{ state: "off" }] },
  });
  await stop(running);
  const meanwhile = await record();
  await stop(meanwhile);
  await set(true);
  expect(await status({ recordingId: meanwhile })).toMatchObject({ enabled: true, state: "off" });
  await set(false);
  await stage.call(host, "meetings/lifecycle:endMeeting", { meetingId });
  expect(await status({ recordingId: running })).toMatchObject({ enabled: false, state: "none" });
});

it.each([
  ["failed", "state = 'failed', error = 'no binary'", { state: "failed", error: "no binary" }],
  [
    "incomplete",
    `state = 'finished', error = 't2: no media', heard = '{"t1": 1000}'`,
    { state: "incomplete", error: "t2: no media", progress: 0.5 },
  ],
  [
    "put off",
    "error = 'the speech process died', next_at = app_now() + interval '1 hour'",
    { state: "running", error: "the speech process died" },
  ],
])("tells why it is %s", async (_, what, expected) => {
  const recordingId = await record();
  await stop(recordingId);
  await test.sql("INSERT INTO recording_transcripts (recording_id) VALUES ($1)", [recordingId]);
  await test.sql(`UPDATE recording_transcripts SET ${what} WHERE recording_id = $1`, [recordingId]);
  expect(await status()).toMatchObject({ state: expected.state, recordings: [expected] });
});

it("is not available without an engine, on the free plan, and of a file with all voices in one before it is finished", async () => {
  const recordingId = await record();
  await stop(recordingId);
  const without = meetingStage(test, { CONNVO_TRANSCRIPTION: "none" });
  const unavailable = (reason: string) => ({
    ...{ state: "unavailable", recordings: [{ recordingId, state: "unavailable", reason }] },
  });
  expect(await status({}, without)).toMatchObject(unavailable("transcription_unavailable"));
  const become = (state: string) =>
    test.sql("UPDATE recordings SET provider = 'getstream', state = $2 WHERE id = $1", [
      ...[recordingId, state],
    ]);
  await become("processing");
  expect(await status()).toMatchObject(unavailable("mixed_sound"));
  await become("ready");
  expect(await status()).toMatchObject({ recordings: [{ state: "none", mixedSound: true }] });
  await test.sql("UPDATE meetings SET tier = 'free' WHERE id = $1", [meetingId]);
  expect(await status()).toMatchObject(unavailable("paid_tier_required"));
  meetingId = await meetingOf(stage, host);
  expect(await status({}, without)).toMatchObject({ state: "unavailable", recordings: [] });
});

it("does not count what was not understood while it was off, or was deleted", async () => {
  const recordingId = await record();
  const begun = await timeOf(test);
  await test.advanceTime(5_000);
  await stage.call(host, "transcripts/mutations:deleteSpeakerLines", { meetingId });
  await set(false);
  await test.advanceTime(5_000);
  await set(true);
  const unclear = (userId: string | null, at: number) => ({
    ...{ userId, startMs: begun + at, endMs: begun + at + 1_000 },
  });
  nodes.start((_, onHeard) =>
    onHeard({
      ...{ recordingId, lines: [], heard: { t1: 1 } },
      notUnderstood: [
        unclear(hostId, 1_000),
        unclear(null, 2_000),
        unclear(null, 7_000),
        unclear(hostId, 11_000),
      ],
    }),
  );
  await soon(async () => expect((await status()).state).toBe("complete"));
  expect(await status()).toMatchObject({
    recordings: [{ notUnderstood: 2, notUnderstoodMs: 2_000 }],
  });
});

it("is deleted once a host has deleted it", async () => {
  const recordingId = await record();
  await stop(recordingId);
  await stage.call(host, "transcripts/mutations:deleteTranscript", { meetingId });
  expect(await status()).toEqual({
    ...{ enabled: true, state: "deleted" },
    recordings: [{ recordingId, state: "deleted", notUnderstood: 0, notUnderstoodMs: 0 }],
  });
});

it("is told to whoever watches it, and runs no query of the transcript where nothing is said", async () => {
  const recordingId = await record();
  const watch = new KeyWatch(test, stage);
  watch.watch("host", host, { [name]: { meetingId } });
  const silent = { ...heard({ recordingId, hostId }, "", 0), lines: [] };
  const listen = async () => {
    nodes.start((_, onHeard) => onHeard(silent));
    await soon(async () => expect((await status()).state).toBe("complete"));
  };
  expect(await watch.stale(listen)).toEqual({ stale: [], changed: 1 });
  expect(await watch.stale(() => set(false))).toEqual({ stale: [], changed: 1 });
  const transcript = new KeyWatch(test, stage);
  transcript.watch("host", host, {
    "transcripts/queries:getTranscriptSegments": { meetingId },
  });
  await test.sql("UPDATE recording_transcripts SET state = 'listening'");
  expect(
    await transcript.rerun(() =>
      soon(async () => expect((await status()).recordings[0]?.notUnderstood).toBe(2)),
    ),
  ).toEqual([]);
});

it("is for everybody in the meeting, of its recordings", async () => {
  const { identity: observer } = await guestOf(stage, host, meetingId, "observer");
  expect(await stage.call(observer, name, { meetingId })).toMatchObject({ enabled: true });
  expect(await stage.refusal(person(), name, { meetingId })).toMatchObject({ code: "NOT_FOUND" });
  const elsewhere = await record();
  meetingId = await meetingOf(stage, host);
  for (const recordingId of [elsewhere, "recording_none", "x".repeat(500)])
    expect(await stage.refusal(host, name, { meetingId, recordingId })).toMatchObject({
      code: "NOT_FOUND",
    });
});
