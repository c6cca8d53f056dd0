import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { startRecording } from "../../../src/recordings/lifecycle/start.ts";
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

const lifecycle = (name: string) => `meetings/lifecycle:${name}`;

let test: TestDatabase;
let stage: MeetingStage;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test, {
    CONNVO_ICE_SERVERS: JSON.stringify([{ urls: "stun:stun.example.test" }]),
  });
});
afterAll(() => test.close());

async function stateOf(meetingId: string): Promise<string> {
  const [row] = await test.sql<{ state: string }>("SELECT state FROM meetings WHERE id = $1", [
    meetingId,
  ]);
  return row?.state ?? "none";
}

async function presenceOf(meetingId: string) {
  const rows = await test.sql<{ user_id: string; presence: string; in_room: boolean }>(
    "SELECT user_id, presence, in_room FROM meeting_participants WHERE meeting_id = $1",
    [meetingId],
  );
  return Object.fromEntries(rows.map((row) => [row.user_id, row.presence]));
}

describe("every operation on a meeting", () => {
  it.each([
    ["addParticipant", { role: "participant", userId: newId("users") }, "host"],
    ["removeParticipant", { userId: newId("users") }, "host"],
    ["startMeeting", {}, "host"],
    ["endMeeting", {}, "host"],
    ["cancelMeeting", {}, "host"],
    ["joinMeeting", {}, "participant"],
    ["leaveMeeting", {}, "participant"],
    ["getMeetingConnectionInfo", {}, "participant"],
  ] as const)("%s is refused to strangers as if there were none", async (name, args, who) => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const call = (identity: Parameters<MeetingStage["call"]>[0], id = meetingId) =>
      stage.refusal(identity, lifecycle(name), { ...args, meetingId: id });
    expect(await call(nobody)).toMatchObject({ code: "UNAUTHORIZED" });
    const stranger = await call(person());
    expect(stranger).toMatchObject({ code: "NOT_FOUND", message: "Meeting not found" });
    expect(await call(host, newId("meetings"))).toMatchObject({ message: stranger.message });
    expect(await call(host, "no id; --")).toMatchObject({ message: stranger.message });
    if (who === "participant") return;
    const { identity } = await guestOf(stage, host, meetingId, "co-host");
    expect(await call(identity)).toMatchObject({
      code: "INSUFFICIENT_PERMISSIONS",
      metadata: { requiredRole: "host", currentRole: "participant" },
    });
  });
});

describe("startMeeting", () => {
  it("starts a free meeting that people can connect to at once", async () => {
    const host = person({ plan: "free" });
    const meetingId = await meetingOf(stage, host, { start: false });
    expect(await stage.call(host, lifecycle("startMeeting"), { meetingId })).toEqual({
      success: true,
      videoProvider: "webrtc",
      webrtcReady: true,
      roomInfo: {
        roomId: `webrtc_${meetingId}`,
        iceServers: [{ urls: "stun:stun.example.test" }],
      },
    });
    expect(stage.video.rooms).not.toContainEqual(["createRoom", meetingId]);
  });

  it("starts a paid meeting and opens its room", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host, { start: false });
    expect(await stage.call(host, lifecycle("startMeeting"), { meetingId })).toMatchObject({
      success: true,
      videoProvider: "getstream",
      webrtcReady: false,
      roomInfo: { roomId: meetingId },
    });
    expect(stage.video.specs.at(-1)).toMatchObject({ meetingId, title: "Planning" });
    expect(await stateOf(meetingId)).toBe("active");
  });

  it("is refused in every other state, each with its reason", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const refused = (id: string) =>
      stage.refusal(host, lifecycle("startMeeting"), { meetingId: id });
    expect(await refused(meetingId)).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { reason: "meeting_active" },
    });
    await stage.call(host, lifecycle("endMeeting"), { meetingId });
    expect(await refused(meetingId)).toMatchObject({ metadata: { reason: "meeting_concluded" } });
    const other = await meetingOf(stage, host, { start: false });
    await stage.call(host, lifecycle("cancelMeeting"), { meetingId: other });
    expect(await refused(other)).toMatchObject({ metadata: { reason: "meeting_cancelled" } });
  });

  it("succeeds once when two hosts start at the same moment", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host, { start: false });
    const second = await guestOf(stage, host, meetingId, "host");
    const results = await Promise.allSettled(
      [host, second.identity].map((identity) =>
        stage.call(identity, lifecycle("startMeeting"), { meetingId }),
      ),
    );
    expect(results.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected"]);
    const events = await test.sql(
      "SELECT 1 FROM meeting_events WHERE meeting_id = $1 AND type = 'meeting_started'",
      [meetingId],
    );
    expect(events).toHaveLength(1);
  });
});

describe("joining and leaving", () => {
  it("is declared by participants and observers, as often as they like", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const { identity, userId } = await guestOf(stage, host, meetingId, "observer");
    for (let i = 0; i < 2; i++) {
      expect(await stage.call(identity, lifecycle("joinMeeting"), { meetingId })).toEqual({
        success: true,
        webrtcReady: true,
      });
    }
    expect((await presenceOf(meetingId))[userId]).toBe("joined");
    for (let i = 0; i < 2; i++)
      expect(await stage.call(identity, lifecycle("leaveMeeting"), { meetingId })).toEqual({
        success: true,
      });
    expect((await presenceOf(meetingId))[userId]).toBe("left");
    await stage.call(identity, lifecycle("joinMeeting"), { meetingId });
    const events = await test.sql<{ type: string }>(
      `SELECT type FROM meeting_events WHERE meeting_id = $1 AND data->>'userId' = $2 ORDER BY id`,
      [meetingId, userId],
    );
    expect(events.map((event) => event.type)).toEqual([
      "participant_added",
      "participant_joined",
      "participant_left",
      "participant_joined",
    ]);
  });

  it("is not possible before the start and after the end", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host, { start: false });
    const refused = () => stage.refusal(host, lifecycle("joinMeeting"), { meetingId });
    expect(await refused()).toMatchObject({
      code: "MEETING_NOT_ACTIVE",
      metadata: { meetingId, state: "scheduled" },
    });
    await stage.call(host, lifecycle("startMeeting"), { meetingId });
    await stage.call(host, lifecycle("endMeeting"), { meetingId });
    expect(await refused()).toMatchObject({ metadata: { state: "concluded" } });
    expect(await stage.call(host, lifecycle("leaveMeeting"), { meetingId })).toEqual({
      success: true,
    });
  });

  it("does not take more people than the cap, also when too many have places", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host, { args: { maxParticipants: 3 } });
    const guests = await Promise.all([1, 2].map(() => guestOf(stage, host, meetingId)));
    await test.sql("UPDATE meetings SET max_participants = 2 WHERE id = $1", [meetingId]);
    const joined = await Promise.allSettled(
      [host, ...guests.map((guest) => guest.identity)].map((identity) =>
        stage.call(identity, lifecycle("joinMeeting"), { meetingId }),
      ),
    );
    expect(joined.filter((result) => result.status === "fulfilled")).toHaveLength(2);
    expect(String(joined.find((result) => result.status === "rejected")?.reason)).toContain(
      '"reason":"meeting_full"',
    );
  });

  it("leaves the meeting to be ended by a host who has left", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    await stage.call(host, lifecycle("leaveMeeting"), { meetingId });
    await stage.call(host, lifecycle("endMeeting"), { meetingId });
    expect(await stateOf(meetingId)).toBe("concluded");
  });
});

describe("endMeeting", () => {
  it("tells how long it ran, sends everybody home and closes the room", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const guest = await guestOf(stage, host, meetingId);
    await stage.call(guest.identity, lifecycle("joinMeeting"), { meetingId });
    await test.sql("UPDATE meetings SET started_at = started_at - interval '90 s' WHERE id = $1", [
      meetingId,
    ]);
    const ended = await stage.call<{ success: boolean; duration: number }>(
      host,
      lifecycle("endMeeting"),
      { meetingId },
    );
    expect(ended.success).toBe(true);
    expect(ended.duration).toBeGreaterThanOrEqual(90_000);
    expect(ended.duration).toBeLessThan(120_000);
    expect(await presenceOf(meetingId)).toEqual({
      [guest.userId]: "left",
      [await userIdOf(stage, host)]: "invited",
    });
    expect(stage.video.rooms.at(-1)).toEqual(["closeRoom", meetingId]);
  });

  it("is refused unless the meeting runs", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host, { start: false });
    const refused = () => stage.refusal(host, lifecycle("endMeeting"), { meetingId });
    expect(await refused()).toMatchObject({ code: "MEETING_NOT_ACTIVE" });
    await stage.call(host, lifecycle("startMeeting"), { meetingId });
    await stage.call(host, lifecycle("endMeeting"), { meetingId });
    expect(await refused()).toMatchObject({
      code: "MEETING_NOT_ACTIVE",
      metadata: { state: "concluded" },
    });
  });

  it("asks a running recording to stop, in the same transaction", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const hostId = await userIdOf(stage, host);
    const { recordingId } = await startRecording(stage.services, hostId, { meetingId });
    await stage.call(host, lifecycle("endMeeting"), { meetingId });
    expect(
      await test.sql("SELECT state, stop_reason FROM recordings WHERE id = $1", [recordingId]),
    ).toEqual([{ state: "stopping", stop_reason: "meeting_ended" }]);
  });
});

describe("cancelMeeting", () => {
  it("is final, and for scheduled meetings only", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host, { start: false });
    expect(await stage.call(host, lifecycle("cancelMeeting"), { meetingId })).toBeNull();
    expect(await stateOf(meetingId)).toBe("cancelled");
    expect(await stage.refusal(host, lifecycle("cancelMeeting"), { meetingId })).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { reason: "meeting_cancelled" },
    });
    const running = await meetingOf(stage, host);
    expect(
      await stage.refusal(host, lifecycle("cancelMeeting"), { meetingId: running }),
    ).toMatchObject({ metadata: { reason: "meeting_active" } });
  });
});

describe("getMeetingConnectionInfo", () => {
  it("tells free participants their peers' room", async () => {
    const host = person({ plan: "free" });
    const meetingId = await meetingOf(stage, host);
    expect(await stage.call(host, lifecycle("getMeetingConnectionInfo"), { meetingId })).toEqual({
      success: true,
      videoProvider: "webrtc",
      connectionInfo: {
        roomId: `webrtc_${meetingId}`,
        iceServers: [{ urls: "stun:stun.example.test" }],
      },
      features: { recording: false, transcription: true, maxParticipants: 4 },
    });
  });

  it("reports recording as permitted, whether one runs or not", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const info = () =>
      stage.call<{ features: { recording: boolean } }>(
        host,
        lifecycle("getMeetingConnectionInfo"),
        { meetingId },
      );
    expect((await info()).features.recording).toBe(true);
    await startRecording(stage.services, await userIdOf(stage, host), { meetingId });
    expect((await info()).features.recording).toBe(true);
  });

  it("is refused unless the meeting runs", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host, { start: false });
    expect(
      await stage.refusal(host, lifecycle("getMeetingConnectionInfo"), { meetingId }),
    ).toMatchObject({ code: "MEETING_NOT_ACTIVE", metadata: { state: "scheduled" } });
  });
});
