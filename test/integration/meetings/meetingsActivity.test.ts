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

const speaking = "meetings/stateTracking:updateSpeakingStats";
const setTopics = "meetings/stateTracking:updateCurrentTopics";
const record = "meetings/stateTracking:recordActivity";

let test: TestDatabase;
let stage: MeetingStage;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());

const spokenBy = async (meetingId: string) =>
  Object.fromEntries(
    (
      await test.sql<{ user_id: string; speaking_ms: string }>(
        "SELECT user_id, speaking_ms FROM meeting_speaking WHERE meeting_id = $1",
        [meetingId],
      )
    ).map(({ user_id, speaking_ms }) => [user_id, Number(speaking_ms)]),
  );

const activityOf = async (meetingId: string) =>
  (await test.sql("SELECT * FROM meeting_activity WHERE meeting_id = $1", [meetingId]))[0];

describe("updateSpeakingStats", () => {
  it("adds up per person, also at once, and counts as activity", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const guest = await guestOf(stage, host, meetingId);
    await test.advanceTime(60_000);
    const args = { meetingId, userId: guest.userId, speakingDurationMs: 1500 };
    await Promise.all([1, 2, 3].map(() => stage.call(guest.identity, speaking, args)));
    expect(await stage.call(host, speaking, { ...args, speakingDurationMs: 500 })).toBeNull();
    expect(await spokenBy(meetingId)).toEqual({ [guest.userId]: 5000 });
    expect(await activityOf(meetingId)).toMatchObject({
      last_activity: "speaking",
      last_user_id: guest.userId,
    });
  });

  it("counts nobody for longer than the meeting has run", async () => {
    const host = person();
    const userId = await userIdOf(stage, host);
    const meetingId = await meetingOf(stage, host);
    await test.advanceTime(10_000);
    const args = { meetingId, userId, speakingDurationMs: 86_400_000 };
    await stage.call(host, speaking, args);
    await stage.call(host, speaking, args);
    const ms = (await spokenBy(meetingId))[userId] ?? 0;
    expect(ms).toBeGreaterThanOrEqual(10_000);
    expect(ms).toBeLessThan(3_600_000);
  });

  it("takes no word for another, unless it is a host's", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const guest = await guestOf(stage, host, meetingId);
    const args = { meetingId, userId: await userIdOf(stage, host), speakingDurationMs: 10 };
    expect(await stage.refusal(guest.identity, speaking, args)).toMatchObject({
      code: "FORBIDDEN",
    });
    const stranger = { ...args, userId: await userIdOf(stage, person()) };
    expect(await stage.refusal(host, speaking, stranger)).toMatchObject({ code: "NOT_FOUND" });
    expect(await stage.refusal(guest.identity, speaking, stranger)).toMatchObject({
      code: "FORBIDDEN",
    });
    expect(await spokenBy(meetingId)).toEqual({});
  });
});

describe("updateCurrentTopics", () => {
  it("replaces them", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    await stage.call(host, setTopics, { meetingId, topics: ["Plans", " Money "] });
    expect(await stage.call(host, setTopics, { meetingId, topics: ["Money"] })).toBeNull();
    expect(await activityOf(meetingId)).toMatchObject({ topics: ["Money"], last_activity: null });
    await stage.call(host, setTopics, { meetingId, topics: [] });
    expect(await activityOf(meetingId)).toMatchObject({ topics: [] });
    expect(await stage.refusal(host, setTopics, { meetingId, topics: [""] })).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { field: "topics" },
    });
  });
});

describe("recordActivity", () => {
  it("ends a lull and keeps the topics", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    await stage.call(host, setTopics, { meetingId, topics: ["Plans"] });
    await test.sql("UPDATE meeting_activity SET lull_detected_at = app_now()");
    const { identity, userId } = await guestOf(stage, host, meetingId);
    expect(await stage.call(identity, record, { meetingId, activityType: "message" })).toBeNull();
    expect(await activityOf(meetingId)).toMatchObject({
      ...{ lull_detected_at: null, last_activity: "message", last_user_id: userId },
      topics: ["Plans"],
    });
  });

  it("takes no word for another, unless it is a host's", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const guest = await guestOf(stage, host, meetingId);
    const args = { meetingId, activityType: "reaction", userId: guest.userId };
    expect(await stage.call(host, record, args)).toBeNull();
    const other = { ...args, userId: await userIdOf(stage, host) };
    expect(await stage.refusal(guest.identity, record, other)).toMatchObject({
      code: "FORBIDDEN",
    });
  });
});

describe("what goes on in a meeting", () => {
  const calls = (meetingId: string, userId: string) =>
    [
      [speaking, { meetingId, userId, speakingDurationMs: 1 }],
      [setTopics, { meetingId, topics: ["Plans"] }],
      [record, { meetingId, activityType: "speaking" }],
    ] as const;

  it("is told by those who take part, not by observers or strangers", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const observer = await guestOf(stage, host, meetingId, "observer");
    for (const [name, args] of calls(meetingId, observer.userId)) {
      expect(await stage.refusal(observer.identity, name, args)).toMatchObject({
        code: "INSUFFICIENT_PERMISSIONS",
        metadata: { requiredRole: "participant", currentRole: "observer" },
      });
      expect(await stage.refusal(person(), name, args)).toMatchObject({ code: "NOT_FOUND" });
    }
  });

  it("is told of a running one only", async () => {
    const host = person();
    const userId = await userIdOf(stage, host);
    const planned = await meetingOf(stage, host, { start: false });
    const ended = await meetingOf(stage, host);
    await stage.call(host, "meetings/lifecycle:endMeeting", { meetingId: ended });
    for (const meetingId of [planned, ended])
      for (const [name, args] of calls(meetingId, userId))
        expect(await stage.refusal(host, name, args)).toMatchObject({ code: "MEETING_NOT_ACTIVE" });
  });
});
