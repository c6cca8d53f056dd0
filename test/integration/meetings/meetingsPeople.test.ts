import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { settleRooms } from "../../../src/meetings/lifecycle/settleRooms.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import {
  guestOf,
  type MeetingStage,
  meetingOf,
  meetingStage,
  person,
  userIdOf,
} from "../support/meetingCalls.ts";

const lifecycle = (name: string) => `meetings/lifecycle:${name}`;

let test: TestDatabase;
let stage: MeetingStage;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());

async function rolesOf(meetingId: string) {
  const rows = await test.sql<{ user_id: string; role: string }>(
    "SELECT user_id, role FROM meeting_participants WHERE meeting_id = $1",
    [meetingId],
  );
  return Object.fromEntries(rows.map((row) => [row.user_id, row.role]));
}

describe("addParticipant", () => {
  it.each([
    ["host", "host"],
    ["co-host", "participant"],
    ["participant", "participant"],
    ["observer", "observer"],
  ])("stores a %s as %s", async (role, stored) => {
    const host = person();
    const meetingId = await meetingOf(stage, host, { start: false });
    const userId = await userIdOf(stage, person());
    const args = { meetingId, userId, role };
    const added = await stage.call<{ participantId: string; success: boolean }>(
      host,
      lifecycle("addParticipant"),
      args,
    );
    expect(added).toEqual({
      participantId: expect.stringMatching(/^participant_/),
      success: true,
    });
    expect((await rolesOf(meetingId))[userId]).toBe(stored);
  });

  it("refuses somebody who is in it already", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const { userId } = await guestOf(stage, host, meetingId);
    const args = { meetingId, userId, role: "host" };
    expect(await stage.refusal(host, lifecycle("addParticipant"), args)).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { field: "userId", reason: "already_participant" },
    });
    expect((await rolesOf(meetingId))[userId]).toBe("participant");
  });

  it("refuses users that do not exist or are deactivated", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const gone = await userIdOf(stage, person());
    await test.sql("UPDATE users SET is_active = false WHERE id = $1", [gone]);
    for (const userId of [gone, newId("users"), "no id; --"]) {
      const args = { meetingId, userId, role: "participant" };
      expect(await stage.refusal(host, lifecycle("addParticipant"), args)).toMatchObject({
        code: "NOT_FOUND",
        metadata: { id: userId },
      });
    }
  });

  it("is over when the meeting is", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    await stage.call(host, lifecycle("endMeeting"), { meetingId });
    const args = { meetingId, userId: await userIdOf(stage, person()), role: "participant" };
    expect(await stage.refusal(host, lifecycle("addParticipant"), args)).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { reason: "meeting_concluded" },
    });
  });

  it("never exceeds the cap, also when the last place is given away twice at once", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host, { args: { maxParticipants: 2 } });
    const rivals = await Promise.all([1, 2, 3].map(() => userIdOf(stage, person())));
    const results = await Promise.allSettled(
      rivals.map((userId) =>
        stage.call(host, lifecycle("addParticipant"), { meetingId, userId, role: "participant" }),
      ),
    );
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
    const refused = results.filter((result) => result.status === "rejected");
    for (const { reason } of refused) expect(String(reason)).toContain('"limit":2');
    expect(Object.keys(await rolesOf(meetingId))).toHaveLength(2);
  });

  it("adds a person once when asked twice at once", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const userId = await userIdOf(stage, person());
    const args = { meetingId, userId, role: "participant" };
    const results = await Promise.allSettled(
      [1, 2].map(() => stage.call(host, lifecycle("addParticipant"), args)),
    );
    expect(results.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected"]);
    const refused = results.find((result) => result.status === "rejected");
    expect(String(refused?.reason)).toContain("already_participant");
  });
});

describe("removeParticipant", () => {
  it("takes a person out and ends their media at once", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const { identity, userId } = await guestOf(stage, host, meetingId);
    const args = { meetingId, userId };
    expect(await stage.call(host, lifecycle("removeParticipant"), args)).toBeNull();
    expect(stage.video.rooms.at(-1)).toEqual(["removeParticipant", userId]);
    expect(
      await stage.refusal(identity, lifecycle("getMeetingConnectionInfo"), { meetingId }),
    ).toMatchObject({ code: "NOT_FOUND" });
    expect(
      await stage.refusal(identity, "meetings/stream/index:generateParticipantTokenPublic", {
        meetingId,
      }),
    ).toMatchObject({ code: "NOT_FOUND" });
    expect(await stage.refusal(host, lifecycle("removeParticipant"), args)).toMatchObject({
      code: "NOT_FOUND",
    });
  });

  it("has no media to end where there is no room", async () => {
    const host = person({ plan: "free" });
    const meetingId = await meetingOf(stage, host);
    const { userId } = await guestOf(stage, host, meetingId);
    await stage.call(host, lifecycle("removeParticipant"), { meetingId, userId });
    expect(stage.video.rooms).not.toContainEqual(["removeParticipant", userId]);
  });

  it("is tried again until the provider has ended the media", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const { userId } = await guestOf(stage, host, meetingId);
    stage.video.failing = "removeParticipant";
    await stage.call(host, lifecycle("removeParticipant"), { meetingId, userId });
    stage.video.failing = undefined;
    await test.advanceTime(6_000);
    const attempts = () => stage.video.rooms.filter(([, id]) => id === userId).length;
    expect(attempts()).toBe(1);
    await settleRooms(stage.services);
    expect(attempts()).toBe(2);
    await test.advanceTime(600_000);
    await settleRooms(stage.services);
    expect(attempts()).toBe(2);
  });

  it("never leaves a meeting without a host, also when two hosts remove each other", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const hostId = await userIdOf(stage, host);
    const args = { meetingId, userId: hostId };
    expect(await stage.refusal(host, lifecycle("removeParticipant"), args)).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { reason: "last_host" },
    });
    const second = await guestOf(stage, host, meetingId, "host");
    const removals = await Promise.allSettled([
      stage.call(host, lifecycle("removeParticipant"), { meetingId, userId: second.userId }),
      stage.call(second.identity, lifecycle("removeParticipant"), args),
    ]);
    expect(removals.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(Object.values(await rolesOf(meetingId))).toEqual(["host"]);
  });

  it("can be taken back by adding the person again", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const { identity, userId } = await guestOf(stage, host, meetingId);
    await stage.call(host, lifecycle("removeParticipant"), { meetingId, userId });
    const args = { meetingId, userId, role: "participant" };
    await stage.call(host, lifecycle("addParticipant"), args);
    const joined = await stage.call(identity, lifecycle("joinMeeting"), { meetingId });
    expect(joined).toMatchObject({ success: true });
  });
});
