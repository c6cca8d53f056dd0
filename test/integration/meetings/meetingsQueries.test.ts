import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { UserIdentity } from "../../../src/auth/identity.ts";
import { startRecording } from "../../../src/recordings/lifecycle/start.ts";
import { stopRecording } from "../../../src/recordings/lifecycle/stop.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import {
  guestOf,
  type MeetingStage,
  meetingOf,
  meetingStage,
  nobody,
  person,
  userIdOf,
} from "../support/meetingCalls.ts";

const get = "meetings/queries:getMeeting";
const list = "meetings/queries:listUserMeetings";
const people = "meetings/queries:listMeetingParticipants";

let test: TestDatabase;
let stage: MeetingStage;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());

interface Listed {
  _id: string;
  state: string;
  recording?: object;
}

describe("getMeeting", () => {
  it("shows a participant the meeting and their place in it", async () => {
    const host = person();
    const scheduledAt = Date.now() + 3_600_000;
    const args = { description: "Quarter\nplan", scheduledAt, duration: 60_000 };
    const meetingId = await meetingOf(stage, host, { args, start: false });
    const { identity } = await guestOf(stage, host, meetingId, "observer");
    expect(await stage.call(identity, get, { meetingId })).toEqual({
      _id: meetingId,
      _creationTime: expect.closeTo(Date.now(), -5),
      createdAt: expect.any(Number),
      updatedAt: expect.any(Number),
      title: "Planning",
      description: "Quarter\nplan",
      scheduledAt,
      duration: 60_000,
      organizerId: await userIdOf(stage, host),
      participantCount: 2,
      state: "scheduled",
      userRole: "observer",
      userPresence: "invited",
      activeWebRTCSessions: 0,
      transcriptionEnabled: true,
      transcription: true,
      webrtcEnabled: false,
    });
  });

  it("says that what is said is written down, where plan, host and server have it so", async () => {
    const told = async (host: UserIdentity, enabled: boolean, at = stage) => {
      const meetingId = await meetingOf(stage, host, { args: { transcriptionEnabled: enabled } });
      return at.call<{ transcription?: boolean }>(host, get, { meetingId });
    };
    expect((await told(person(), true)).transcription).toBe(true);
    expect(await told(person(), false)).not.toHaveProperty("transcription");
    expect(await told(person({ plan: "free" }), true)).not.toHaveProperty("transcription");
    const deaf = meetingStage(test, { CONNVO_TRANSCRIPTION: "none" });
    expect(await told(person(), true, deaf)).not.toHaveProperty("transcription");
  });

  it("shows the room while the meeting runs, and how long it ran afterwards", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    expect(await stage.call(host, get, { meetingId })).toMatchObject({ streamRoomId: meetingId });
    await test.sql("UPDATE meetings SET started_at = started_at - interval '5 s' WHERE id = $1", [
      meetingId,
    ]);
    await stage.call(host, "meetings/lifecycle:endMeeting", { meetingId });
    const ended = await stage.call<{ duration: number }>(host, get, { meetingId });
    expect(ended).toMatchObject({ state: "concluded" });
    expect(ended.duration).toBeGreaterThanOrEqual(5_000);
    expect(ended.duration).toBeLessThan(60_000);
  });

  it("shows the recording while one is open", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const hostId = await userIdOf(stage, host);
    expect(await stage.call(host, get, { meetingId })).not.toHaveProperty("recording");
    const { recordingId } = await startRecording(stage.services, hostId, { meetingId });
    const recording = {
      recordingId,
      state: "recording",
      startedAt: expect.any(Number),
      startedBy: hostId,
    };
    expect(await stage.call(host, get, { meetingId })).toMatchObject({ recording });
    expect(await stage.call(host, list, {})).toMatchObject([{ _id: meetingId, recording }]);
    await stopRecording(stage.services, hostId, { meetingId });
    expect(await stage.call(host, get, { meetingId })).not.toHaveProperty("recording");
  });

  it("is refused to strangers and to nobody", async () => {
    const meetingId = await meetingOf(stage, person());
    expect(await stage.refusal(person(), get, { meetingId })).toMatchObject({ code: "NOT_FOUND" });
    expect(await stage.refusal(nobody, get, { meetingId })).toMatchObject({
      code: "UNAUTHORIZED",
    });
  });
});

describe("listUserMeetings", () => {
  it("lists the caller's meetings, newest first, and nobody else's", async () => {
    const [alice, bob] = [person(), person()];
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.push(await meetingOf(stage, alice, { start: false }));
    await meetingOf(stage, bob);
    const userId = await userIdOf(stage, bob);
    const meetingId = ids[0];
    await stage.call(alice, "meetings/lifecycle:addParticipant", {
      meetingId,
      userId,
      role: "observer",
    });
    const mine = await stage.call<Listed[]>(alice, list);
    expect(mine.map((meeting) => meeting._id)).toEqual(ids.toReversed());
    expect((await stage.call<Listed[]>(bob, list)).map((meeting) => meeting._id)).toContain(
      meetingId,
    );
    expect(await stage.call(person(), list)).toEqual([]);
  });

  it("can be limited to a state and a number", async () => {
    const alice = person();
    const running = await meetingOf(stage, alice);
    await meetingOf(stage, alice, { start: false });
    expect(await stage.call(alice, list, { state: "active" })).toMatchObject([{ _id: running }]);
    expect(await stage.call(alice, list, { limit: 1 })).toHaveLength(1);
    expect(await stage.call(alice, list, { state: "cancelled" })).toEqual([]);
  });

  it.each([0, 101, 1.5])("refuses %d as a limit", async (limit) => {
    expect(await stage.refusal(person(), list, { limit })).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { field: "limit", limit: 100 },
    });
  });

  it("is refused to nobody", async () => {
    expect(await stage.refusal(nobody, list)).toMatchObject({ code: "UNAUTHORIZED" });
  });

  it("lists the newest fifty of thousands", async () => {
    const alice = person();
    const userId = await userIdOf(stage, alice);
    await test.sql(
      `WITH made AS (
         INSERT INTO meetings (id, organizer_id, title, duration_ms, tier, recording_permitted,
           transcription_enabled, max_participants)
         SELECT 'meeting_' || lpad(n::text, 8, '0'), $1, 'm', 1, 'free', false, true, 4
         FROM generate_series(1, 3000) n RETURNING id)
       INSERT INTO meeting_participants (id, meeting_id, user_id, role)
       SELECT 'participant_' || id, id, $1, 'host' FROM made`,
      [userId],
    );
    const listed = await stage.call<Listed[]>(alice, list);
    expect(listed.map((meeting) => meeting._id)).toEqual(
      Array.from({ length: 50 }, (_, n) => `meeting_${String(3000 - n).padStart(8, "0")}`),
    );
  });
});

describe("listMeetingParticipants", () => {
  it("shows everybody in the order they came, without their addresses", async () => {
    const host = person({ name: "Alice", pictureUrl: "https://pictures.test/a.png" });
    const meetingId = await meetingOf(stage, host);
    const hostId = await userIdOf(stage, host);
    const guest = await guestOf(stage, host, meetingId);
    await stage.call(guest.identity, "meetings/lifecycle:joinMeeting", { meetingId });
    const common = {
      _id: expect.stringMatching(/^participant_/),
      _creationTime: expect.any(Number),
      createdAt: expect.any(Number),
      meetingId,
      webrtcConnected: false,
      webrtcSessionCount: 0,
    };
    expect(await stage.call(guest.identity, people, { meetingId })).toEqual([
      {
        ...common,
        role: "host",
        presence: "invited",
        userId: hostId,
        user: { _id: hostId, displayName: "Alice", avatarUrl: "https://pictures.test/a.png" },
      },
      {
        ...common,
        role: "participant",
        presence: "joined",
        joinedAt: expect.any(Number),
        userId: guest.userId,
        user: { _id: guest.userId },
      },
    ]);
  });

  it("is refused to strangers", async () => {
    const meetingId = await meetingOf(stage, person());
    expect(await stage.refusal(person(), people, { meetingId })).toMatchObject({
      code: "NOT_FOUND",
    });
  });
});
