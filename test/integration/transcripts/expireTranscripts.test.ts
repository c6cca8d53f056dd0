import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { UserIdentity } from "../../../src/auth/identity.ts";
import { expireTranscripts } from "../../../src/transcripts/expire.ts";
import { takeTime } from "../../support/patience.ts";
import { converse } from "../support/conversation.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { texts } from "../support/hearing.ts";
import {
  type MeetingStage,
  meetingOf,
  meetingStage,
  person,
  userIdOf,
} from "../support/meetingCalls.ts";

takeTime();

const dayMs = 86_400_000;
const keptDays = 90;
let test: TestDatabase;
let stage: MeetingStage;
let host: UserIdentity;
let hostId: string;

beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.stopTime();
  await test.sql("DELETE FROM transcripts");
  host = person();
  hostId = await userIdOf(stage, host);
});

/** A meeting in which somebody said something. */
async function spokenMeeting(): Promise<string> {
  const meetingId = await meetingOf(stage, host);
  await converse(test, meetingId, [[hostId, "We meet again on Monday."]]);
  return meetingId;
}

async function endedMeeting(): Promise<string> {
  const meetingId = await spokenMeeting();
  await stage.call(host, "meetings/lifecycle:endMeeting", { meetingId });
  return meetingId;
}

const expire = (limit = 16) => expireTranscripts(test.db, keptDays, limit);
const said = (meetingId: string) => texts(test, { meetingId });
const audited = (meetingId: string) =>
  test.sql(
    "SELECT actor_user_id AS who, metadata FROM audit_logs WHERE meeting_id = $1 AND action = 'transcript.delete'",
    [meetingId],
  );

it("goes when the meeting ended so many days ago, not a moment before, and nobody's deletion is in the audit log", async () => {
  const meetingId = await endedMeeting();
  await test.advanceTime(keptDays * dayMs);
  expect(await expire()).toBe(0);
  expect(await said(meetingId)).toHaveLength(1);
  await test.advanceTime(1);
  expect(await expire()).toBe(1);
  expect(await said(meetingId)).toEqual([]);
  const metadata = { lines: 1, reason: "retention", keptDays };
  expect(await audited(meetingId)).toEqual([{ who: null, metadata }]);
});

it("stays of meetings that still run, and of younger ones", async () => {
  const running = await spokenMeeting();
  await test.advanceTime(2 * keptDays * dayMs);
  const young = await endedMeeting();
  expect(await expire()).toBe(0);
  expect(await said(running)).toHaveLength(1);
  expect(await said(young)).toHaveLength(1);
});

it("takes insights along that quote it", async () => {
  const meetingId = await endedMeeting();
  await test.sql(
    `INSERT INTO transcriptions (meeting_id) VALUES ($1) ON CONFLICT (meeting_id) DO NOTHING`,
    [meetingId],
  );
  const revision = async () =>
    (
      await test.sql<{ revision: string }>(
        "SELECT revision FROM transcriptions WHERE meeting_id = $1",
        [meetingId],
      )
    )[0]?.revision;
  const before = await revision();
  await test.advanceTime(keptDays * dayMs + 1);
  await expire();
  expect(await revision()).not.toBe(before);
});

it("is looked through the oldest first, a few meetings at a time, also by two nodes at once", async () => {
  const meetings: string[] = [];
  for (let index = 0; index < 5; index++) {
    meetings.push(await endedMeeting());
    await test.advanceTime(61_000);
  }
  await test.advanceTime(keptDays * dayMs);
  expect(await expire(2)).toBe(2);
  const left = async () => (await Promise.all(meetings.map(said))).map((lines) => lines.length);
  expect(await left()).toEqual([0, 0, 1, 1, 1]);
  await Promise.all([expire(), expire()]);
  expect(await left()).toEqual([0, 0, 0, 0, 0]);
  for (const meetingId of meetings) expect(await audited(meetingId)).toHaveLength(1);
});
