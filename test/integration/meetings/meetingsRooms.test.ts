import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findUserById } from "../../../src/auth/users.ts";
import { settleRooms } from "../../../src/meetings/lifecycle/settleRooms.ts";
import { ensureRoom } from "../../../src/meetings/room/room.ts";
import { roomToken } from "../../../src/meetings/room/roomToken.ts";
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
const token = "meetings/stream/index:generateParticipantTokenPublic";

let test: TestDatabase;
let stage: MeetingStage;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  stage = meetingStage(test);
  await test.sql("UPDATE meetings SET room_due_at = NULL");
});

async function withoutRoom() {
  const host = person();
  stage.video.failing = "createRoom";
  const meetingId = await meetingOf(stage, host);
  return { host, meetingId };
}

async function storedUser(userId: string) {
  const user = await test.db.read((tx) => findUserById(tx, userId));
  if (user === undefined) throw new Error(`${userId} has no row`);
  return user;
}

const attempts = (operation: string) =>
  stage.video.rooms.filter(([name]) => name === operation).length;

describe("a room the provider does not open", () => {
  it("leaves the meeting started and says so where people connect", async () => {
    const { host, meetingId } = await withoutRoom();
    expect(
      await stage.refusal(host, lifecycle("getMeetingConnectionInfo"), { meetingId }),
    ).toMatchObject({
      code: "STREAM_ERROR",
      statusCode: 502,
      metadata: { reason: "room_not_open", retryAfterMs: 2_000 },
    });
    expect(await stage.call(host, lifecycle("joinMeeting"), { meetingId })).toEqual({
      success: true,
      webrtcReady: false,
    });
  });

  it("is opened by itself once the provider is back, and then left alone", async () => {
    const { host, meetingId } = await withoutRoom();
    await test.advanceTime(6_000);
    expect(await settleRooms(stage.services)).toBe(1);
    stage.video.failing = undefined;
    await test.advanceTime(600_000);
    await settleRooms(stage.services);
    expect(
      await stage.call(host, lifecycle("getMeetingConnectionInfo"), { meetingId }),
    ).toMatchObject({ connectionInfo: { roomId: meetingId } });
    await test.advanceTime(600_000);
    expect(await settleRooms(stage.services)).toBe(0);
    expect(attempts("createRoom")).toBe(3);
  });

  it("is tried less and less often, and by one node at a time", async () => {
    await test.stopTime();
    await withoutRoom();
    await test.advanceTime(6_000);
    const looked = await Promise.all([1, 2].map(() => settleRooms(stage.services)));
    expect(looked.reduce((sum, due) => sum + due, 0)).toBe(1);
    expect(await settleRooms(stage.services)).toBe(0);
    await test.advanceTime(6_000);
    expect(await settleRooms(stage.services)).toBe(1);
    await test.advanceTime(3_600_000);
    expect(await settleRooms(stage.services)).toBe(1);
    await test.advanceTime(240_000);
    expect(await settleRooms(stage.services)).toBe(0);
    await test.advanceTime(61_000);
    expect(await settleRooms(stage.services)).toBe(1);
  });

  it("is opened by whoever asks for a token next", async () => {
    const { host, meetingId } = await withoutRoom();
    stage.video.failing = undefined;
    const given = await stage.call<{ token: string }>(host, token, { meetingId });
    expect(JSON.parse(given.token)).toMatchObject({ roomId: meetingId });
  });
});

describe("a room token", () => {
  it("is bound to meeting, user and role, and given again to whoever asks again", async () => {
    const host = person({ name: "Alice", pictureUrl: "https://pictures.test/a.png" });
    const meetingId = await meetingOf(stage, host);
    const id = await userIdOf(stage, host);
    const user = { id, name: "Alice", image: "https://pictures.test/a.png" };
    for (let i = 0; i < 2; i++) {
      const { token: issued, ...rest } = await stage.call<{ token: string }>(host, token, {
        meetingId,
        role: "observer",
      });
      expect(rest).toEqual({ success: true, user, userId: id, expiresAt: 1_700_003_600 });
      expect(JSON.parse(issued)).toEqual({
        meetingId,
        roomId: meetingId,
        user,
        role: "host",
        maxParticipants: 8,
      });
    }
  });

  it("shows people without a name by the local part of their address", async () => {
    const host = person({ email: "alice@example.test" });
    const meetingId = await meetingOf(stage, host);
    expect(await stage.call(host, token, { meetingId })).toMatchObject({
      user: { name: "alice" },
    });
  });

  it("is refused to strangers, for free meetings and unless the meeting runs", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host, { start: false });
    expect(await stage.refusal(person(), token, { meetingId })).toMatchObject({
      code: "NOT_FOUND",
    });
    expect(await stage.refusal(host, token, { meetingId })).toMatchObject({
      code: "MEETING_NOT_ACTIVE",
    });
    const other = person({ plan: "free" });
    const free = await meetingOf(stage, other);
    expect(await stage.refusal(other, token, { meetingId: free })).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { reason: "paid_tier_required" },
    });
  });

  it("is refused to somebody who is removed while the room is being opened", async () => {
    const { host, meetingId } = await withoutRoom();
    const { identity, userId } = await guestOf(stage, host, meetingId);
    stage.video.failing = undefined;
    stage.video.during.createRoom = () =>
      stage.call(host, lifecycle("removeParticipant"), { meetingId, userId });
    expect(await stage.refusal(identity, token, { meetingId })).toMatchObject({
      code: "NOT_FOUND",
    });
  });
});

describe("a user who is deactivated", () => {
  const activate = (userId: string, active: boolean) =>
    test.sql("UPDATE users SET is_active = $2 WHERE id = $1", [userId, active]);

  it("is put out of the rooms of running meetings, and their tokens are refused", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const { identity, userId } = await guestOf(stage, host, meetingId);
    await stage.call(identity, token, { meetingId });
    await activate(userId, false);
    await settleRooms(stage.services);
    expect(attempts("removeParticipant")).toBe(1);
    await test.advanceTime(600_000);
    await settleRooms(stage.services);
    expect(attempts("removeParticipant")).toBe(1);
    expect(await stage.refusal(identity, token, { meetingId })).toMatchObject({
      code: "FORBIDDEN",
    });
    // Let in again, they have their place; put out again, also the tokens of between are refused.
    await activate(userId, true);
    await stage.call(identity, token, { meetingId });
    await activate(userId, false);
    await settleRooms(stage.services);
    expect(attempts("removeParticipant")).toBe(2);
  });
});

describe("a user who is deactivated while their room is being opened", () => {
  it("gets no token for it", async () => {
    const { host, meetingId } = await withoutRoom();
    const userId = await userIdOf(stage, host);
    stage.video.failing = undefined;
    stage.video.during.createRoom = () =>
      test.sql("UPDATE users SET is_active = false WHERE id = $1", [userId]);
    await expect(
      roomToken(stage.services, { user: await storedUser(userId) }, meetingId),
    ).rejects.toMatchObject({ code: "FORBIDDEN" });
  });
});

describe("opening a room", () => {
  it("is done once however many ask later, and always means the same room", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const rooms = await Promise.all([1, 2, 3].map(() => ensureRoom(stage.services, meetingId)));
    expect(new Set(rooms)).toEqual(new Set([meetingId]));
    expect(attempts("createRoom")).toBe(1);
    expect(stage.video.specs[0]?.roomId).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  });

  it("leaves nothing open when the meeting ends meanwhile", async () => {
    const { host, meetingId } = await withoutRoom();
    stage.video.failing = undefined;
    stage.video.during.createRoom = () => stage.call(host, lifecycle("endMeeting"), { meetingId });
    await expect(ensureRoom(stage.services, meetingId)).rejects.toMatchObject({
      code: "MEETING_NOT_ACTIVE",
    });
    expect(stage.video.rooms.at(-1)).toEqual(["closeRoom", meetingId]);
  });
});

describe("the room of an ended meeting", () => {
  it("is closed by itself when that failed at the end", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    stage.video.failing = "closeRoom";
    await stage.call(host, lifecycle("endMeeting"), { meetingId });
    stage.video.failing = undefined;
    await test.advanceTime(6_000);
    await settleRooms(stage.services);
    expect(attempts("closeRoom")).toBe(2);
    await test.advanceTime(600_000);
    expect(await settleRooms(stage.services)).toBe(0);
  });

  it("is given up when the provider has not closed it in a day", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    stage.video.failing = "closeRoom";
    await stage.call(host, lifecycle("endMeeting"), { meetingId });
    await test.advanceTime(25 * 3_600_000);
    expect(await settleRooms(stage.services)).toBe(1);
    await test.advanceTime(3_600_000);
    expect(await settleRooms(stage.services)).toBe(0);
  });

  it("does not exist for the free tier", async () => {
    const host = person({ plan: "free" });
    const meetingId = await meetingOf(stage, host);
    await stage.call(host, lifecycle("endMeeting"), { meetingId });
    await test.advanceTime(600_000);
    expect(await settleRooms(stage.services)).toBe(0);
    expect(stage.video.rooms).toEqual([]);
  });
});
