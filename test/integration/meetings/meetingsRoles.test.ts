import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import {
  guestOf,
  type MeetingStage,
  meetingOf,
  meetingStage,
  person,
  userIdOf,
} from "../support/meetingCalls.ts";

const addMany = "meetings/lifecycle:addMultipleParticipants";
const changeRole = "meetings/lifecycle:updateParticipantRole";

let test: TestDatabase;
let stage: MeetingStage;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());

async function rolesOf(meetingId: string): Promise<Record<string, string>> {
  const rows = await test.sql<{ user_id: string; role: string }>(
    "SELECT user_id, role FROM meeting_participants WHERE meeting_id = $1",
    [meetingId],
  );
  return Object.fromEntries(rows.map(({ user_id, role }) => [user_id, role]));
}

const eventsOf = (meetingId: string, type: string) =>
  test.sql("SELECT 1 FROM meeting_events WHERE meeting_id = $1 AND type = $2", [meetingId, type]);

describe("addMultipleParticipants", () => {
  it("adds who can be added and tells why the others are not", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const hostId = await userIdOf(stage, host);
    const [first, second, gone] = await Promise.all(
      [person(), person(), person()].map((one) => userIdOf(stage, one)),
    );
    await test.sql("UPDATE users SET is_active = false WHERE id = $1", [gone]);
    const participants = [
      { userId: first, role: "co-host" },
      { userId: hostId, role: "participant" },
      { userId: "user_nobody", role: "participant" },
      { userId: "' OR 1=1 --", role: "participant" },
      { userId: gone, role: "participant" },
      { userId: second, role: "observer" },
      { userId: second, role: "host" },
    ];
    expect(await stage.call(host, addMany, { meetingId, participants })).toEqual({
      added: [expect.stringMatching(/^participant_/), expect.stringMatching(/^participant_/)],
      skipped: [
        { userId: hostId, reason: "already a participant" },
        { userId: "user_nobody", reason: "user not found" },
        { userId: "' OR 1=1 --", reason: "user not found" },
        { userId: gone, reason: "user not found" },
        { userId: second, reason: "already a participant" },
      ],
      success: true,
    });
    expect(await rolesOf(meetingId)).toEqual({
      [hostId]: "host",
      [String(first)]: "participant",
      [String(second)]: "observer",
    });
    expect(await eventsOf(meetingId, "participant_added")).toHaveLength(2);
    const again = await stage.call(host, addMany, {
      meetingId,
      participants: participants.slice(0, 1),
    });
    expect(again).toMatchObject({ added: [], skipped: [{ reason: "already a participant" }] });
  });

  it("skips who does not fit, also when two lists come at once", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host, { args: { maxParticipants: 3 } });
    const lists = await Promise.all(
      [1, 2].map(() =>
        Promise.all(
          [1, 2].map(async () => ({
            userId: await userIdOf(stage, person()),
            role: "participant",
          })),
        ),
      ),
    );
    const answers = await Promise.all(
      lists.map((participants) =>
        stage.call<{ added: string[]; skipped: object[] }>(host, addMany, {
          meetingId,
          participants,
        }),
      ),
    );
    expect(answers.flatMap(({ added }) => added)).toHaveLength(2);
    expect(answers.flatMap(({ skipped }) => skipped)).toMatchObject([
      { reason: "meeting is full" },
      { reason: "meeting is full" },
    ]);
    expect(Object.keys(await rolesOf(meetingId))).toHaveLength(3);
  });

  it("is for the host of a meeting that is not over, 100 at once", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const guest = await guestOf(stage, host, meetingId);
    const participants = [{ userId: await userIdOf(stage, person()), role: "participant" }];
    const args = { meetingId, participants };
    expect(await stage.refusal(guest.identity, addMany, args)).toMatchObject({
      code: "INSUFFICIENT_PERMISSIONS",
    });
    expect(await stage.refusal(person(), addMany, args)).toMatchObject({ code: "NOT_FOUND" });
    const many = Array.from({ length: 101 }, () => participants[0]);
    expect(await stage.refusal(host, addMany, { meetingId, participants: many })).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { field: "participants", limit: 100 },
    });
    await stage.call(host, "meetings/lifecycle:endMeeting", { meetingId });
    expect(await stage.refusal(host, addMany, args)).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { reason: "meeting_concluded" },
    });
  });
});

describe("updateParticipantRole", () => {
  it("makes hosts and takes it back, telling once", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const { identity, userId } = await guestOf(stage, host, meetingId, "observer");
    const args = { meetingId, userId, newRole: "host" };
    expect(await stage.call(host, changeRole, args)).toBeNull();
    expect(await stage.call(host, changeRole, args)).toBeNull();
    expect(await eventsOf(meetingId, "participant_role_changed")).toHaveLength(1);
    const back = { meetingId, userId: await userIdOf(stage, host), newRole: "participant" };
    await stage.call(identity, changeRole, back);
    expect(await rolesOf(meetingId)).toEqual({ [userId]: "host", [back.userId]: "participant" });
    expect(await stage.refusal(host, changeRole, args)).toMatchObject({
      code: "INSUFFICIENT_PERMISSIONS",
    });
  });

  it("never leaves a meeting without a host, also when two demote each other", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const own = { meetingId, userId: await userIdOf(stage, host), newRole: "participant" };
    expect(await stage.refusal(host, changeRole, own)).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { field: "userId", reason: "last_host" },
    });
    const second = await guestOf(stage, host, meetingId, "host");
    const results = await Promise.allSettled([
      stage.call(host, changeRole, { ...own, userId: second.userId }),
      stage.call(second.identity, changeRole, own),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(Object.values(await rolesOf(meetingId)).sort()).toEqual(["host", "participant"]);
  });

  it("knows nobody who is not in the meeting", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const args = { meetingId, userId: await userIdOf(stage, person()), newRole: "host" };
    expect(await stage.refusal(host, changeRole, args)).toMatchObject({ code: "NOT_FOUND" });
    expect(await stage.refusal(person(), changeRole, args)).toMatchObject({ code: "NOT_FOUND" });
    const guest = await guestOf(stage, host, meetingId);
    expect(await stage.refusal(guest.identity, changeRole, args)).toMatchObject({
      code: "INSUFFICIENT_PERMISSIONS",
    });
  });
});
