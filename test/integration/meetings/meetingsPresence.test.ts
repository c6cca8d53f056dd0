import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { peopleInRoom, recordPresence } from "../../../src/meetings/people/presence.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import {
  guestOf,
  type MeetingStage,
  meetingOf,
  meetingStage,
  person,
  userIdOf,
} from "../support/meetingCalls.ts";

let test: TestDatabase;
let stage: MeetingStage;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());

const see = (roomId: string, userId: string, state: "joined" | "left", at = Date.now()) =>
  recordPresence(test.db, { roomId, userId, state, at });
const inRoom = (meetingId: string) => test.db.read((tx) => peopleInRoom(tx, meetingId));

interface Seen {
  userId: string;
  presence: string;
  webrtcConnected: boolean;
  joinedAt?: number;
  leftAt?: number;
}
async function placeOf(host: ReturnType<typeof person>, meetingId: string, userId: string) {
  const name = "meetings/queries:listMeetingParticipants";
  const people = await stage.call<Seen[]>(host, name, { meetingId });
  return people.find((each) => each.userId === userId);
}

async function eventsOf(meetingId: string) {
  const rows = await test.sql<{ type: string }>(
    "SELECT type FROM meeting_events WHERE meeting_id = $1 AND type LIKE '%room' ORDER BY id",
    [meetingId],
  );
  return rows.map((row) => row.type);
}

describe("presence seen through media", () => {
  it("is what everybody sees, with its times", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const { userId } = await guestOf(stage, host, meetingId);
    const hostId = await userIdOf(stage, host);
    await see(meetingId, userId, "joined", 1_700_000_000_000);
    await see(meetingId, hostId, "joined", 1_700_000_001_000);
    expect(await inRoom(meetingId)).toEqual([userId, hostId]);
    expect(await placeOf(host, meetingId, userId)).toMatchObject({
      presence: "joined",
      webrtcConnected: true,
      joinedAt: 1_700_000_000_000,
    });
    await see(meetingId, userId, "left", 1_700_000_002_000);
    expect(await inRoom(meetingId)).toEqual([hostId]);
    expect(await placeOf(host, meetingId, userId)).toMatchObject({
      presence: "left",
      webrtcConnected: false,
      leftAt: 1_700_000_002_000,
    });
    expect(await stage.call(host, "meetings/queries:getMeeting", { meetingId })).toMatchObject({
      activeWebRTCSessions: 1,
    });
  });

  it("is told once however often it is reported", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const hostId = await userIdOf(stage, host);
    for (const state of ["joined", "joined", "left", "left"] as const)
      await see(meetingId, hostId, state);
    expect(await eventsOf(meetingId)).toEqual([
      "participant_entered_room",
      "participant_left_room",
    ]);
  });

  it("keeps the moment somebody declared to have joined", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const hostId = await userIdOf(stage, host);
    await stage.call(host, "meetings/lifecycle:joinMeeting", { meetingId });
    const declared = (await placeOf(host, meetingId, hostId))?.joinedAt;
    await see(meetingId, hostId, "joined", Date.now() + 60_000);
    expect((await placeOf(host, meetingId, hostId))?.joinedAt).toBe(declared);
  });

  it("ignores rooms and people nobody knows", async () => {
    const meetingId = await meetingOf(stage, person());
    const stranger = await userIdOf(stage, person());
    await see(meetingId, stranger, "joined");
    await see("room_unknown", stranger, "joined");
    expect(await inRoom(meetingId)).toEqual([]);
    expect(await eventsOf(meetingId)).toEqual([]);
  });

  it("brings nobody into a meeting that is over", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const hostId = await userIdOf(stage, host);
    await see(meetingId, hostId, "joined");
    await stage.call(host, "meetings/lifecycle:endMeeting", { meetingId });
    expect(await inRoom(meetingId)).toEqual([]);
    await see(meetingId, hostId, "joined");
    expect(await placeOf(host, meetingId, hostId)).toMatchObject({ presence: "left" });
  });
});
