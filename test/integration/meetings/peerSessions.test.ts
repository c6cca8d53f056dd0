import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { removeOldRows } from "../../../src/jobs/retention.ts";
import { closeSilentSessions } from "../../../src/meetings/webrtc/sessions.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { type MeetingStage, meetingOf, meetingStage, person } from "../support/meetingCalls.ts";
import { offer, type Peer, peersOf, pendingFor, signaling, writtenBy } from "../support/peers.ts";

let test: TestDatabase;
let stage: MeetingStage;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());

interface SessionView {
  sessionId: string;
  state: string;
  userId: string;
}

const create = (peer: Pick<Peer, "identity">, meetingId: string, sessionId: string) =>
  stage.call(peer.identity, signaling("createWebRTCSession"), { meetingId, sessionId });
const update = (peer: Pick<Peer, "identity">, args: object) =>
  stage.call(peer.identity, signaling("updateSessionState"), args);
const active = (peer: Pick<Peer, "identity">, meetingId: string) =>
  stage.call<SessionView[]>(peer.identity, signaling("getActiveSessions"), { meetingId });
const named = async (peer: Pick<Peer, "identity">, meetingId: string) =>
  (await active(peer, meetingId)).map(({ sessionId, state }) => `${sessionId} ${state}`);

describe("a session", () => {
  it("is opened once, and shown to everybody", async () => {
    const { meetingId, peers } = await peersOf(stage);
    const [ada, bob] = peers;
    const again = await writtenBy(test, () => create(ada, meetingId, "a"));
    expect(again).toEqual([]);
    const [first] = await active(bob, meetingId);
    expect(first).toEqual({
      _id: expect.stringMatching(/^session_/),
      _creationTime: expect.any(Number),
      createdAt: expect.any(Number),
      updatedAt: expect.any(Number),
      meetingId,
      sessionId: "a",
      state: "connecting",
      userId: ada.userId,
      user: { _id: ada.userId },
    });
  });

  it("tells how it stands, with what its client keeps; the same again only that it lives", async () => {
    const { meetingId, peers } = await peersOf(stage);
    const [ada, bob] = peers;
    const connected = {
      meetingId,
      sessionId: "a",
      state: "connected",
      metadata: { v: 1, ok: true },
    };
    expect(await writtenBy(test, () => update(ada, connected))).toEqual([`sessions:${meetingId}`]);
    expect(await writtenBy(test, () => update(ada, connected))).toEqual([]);
    expect((await active(bob, meetingId))[0]).toMatchObject({
      state: "connected",
      metadata: { v: 1, ok: true },
    });
    await update(ada, { meetingId, sessionId: "a", state: "disconnected" });
    expect((await active(bob, meetingId))[0]).toMatchObject({ metadata: { v: 1, ok: true } });
  });

  it("that failed is not shown, and connects again", async () => {
    const { meetingId, peers } = await peersOf(stage);
    await update(peers[0], { meetingId, sessionId: "a", state: "failed" });
    expect(await named(peers[1], meetingId)).toEqual(["b connecting"]);
    await create(peers[0], meetingId, "a");
    expect(await named(peers[1], meetingId)).toEqual(["a connecting", "b connecting"]);
  });

  it("is closed for good, with what it sent; again is no change", async () => {
    const { meetingId, peers } = await peersOf(stage);
    const [ada, bob] = peers;
    const args = { meetingId, sessionId: "a" };
    const sent = { ...args, description: offer() };
    await stage.call(ada.identity, signaling("exchangeSessionDescription"), sent);
    const close = () => stage.call(ada.identity, signaling("closeSession"), args);
    expect(await writtenBy(test, close)).toEqual([
      `sessions:${meetingId}`,
      `signals:${meetingId}/${bob.userId}`,
    ]);
    expect(await writtenBy(test, close)).toEqual([]);
    expect(await named(bob, meetingId)).toEqual(["b connecting"]);
    expect(await pendingFor(stage, bob, meetingId)).toEqual([]);
    expect(await stage.refusal(ada.identity, signaling("createWebRTCSession"), args)).toMatchObject(
      { code: "CONFLICT", metadata: { reason: "session_closed" } },
    );
    const again = { ...args, state: "connected" };
    expect(await stage.refusal(ada.identity, signaling("updateSessionState"), again)).toMatchObject(
      { code: "NOT_FOUND" },
    );
  });

  it("is closed by its state, too", async () => {
    const { meetingId, peers } = await peersOf(stage);
    await update(peers[0], { meetingId, sessionId: "a", state: "closed" });
    expect(await named(peers[1], meetingId)).toEqual(["b connecting"]);
  });

  it("belongs to its user", async () => {
    const { meetingId, peers } = await peersOf(stage);
    const bob = peers[1].identity;
    const args = { meetingId, sessionId: "a" };
    expect(await stage.refusal(bob, signaling("createWebRTCSession"), args)).toMatchObject({
      code: "CONFLICT",
      metadata: { reason: "session_of_another" },
    });
    const failed = { ...args, state: "failed" };
    expect(await stage.refusal(bob, signaling("updateSessionState"), failed)).toMatchObject({
      code: "NOT_FOUND",
    });
    await stage.call(bob, signaling("closeSession"), args);
    expect(await named(peers[0], meetingId)).toEqual(["a connecting", "b connecting"]);
  });

  it("gives way to the fifth of its user, if it was silent longest", async () => {
    const { meetingId, peers } = await peersOf(stage);
    const [ada] = peers;
    for (const name of ["a2", "a3", "a4"]) await create(ada, meetingId, name);
    await update(ada, { meetingId, sessionId: "a", state: "connected" });
    await create(ada, meetingId, "a5");
    expect(await named(ada, meetingId)).toEqual([
      "a connected",
      "b connecting",
      "a3 connecting",
      "a4 connecting",
      "a5 connecting",
    ]);
    for (let n = 6; n < 50; n++) await create(ada, meetingId, `a${n}`);
    const [kept] = await test.sql<{ n: number }>(
      "SELECT count(*)::int AS n FROM webrtc_sessions WHERE meeting_id = $1 AND user_id = $2",
      [meetingId, ada.userId],
    );
    expect(kept?.n).toBeLessThanOrEqual(37);
  });

  it("is one, however often it is asked for at once", async () => {
    const { meetingId, peers } = await peersOf(stage);
    await Promise.all([1, 2, 3, 4].map(() => create(peers[0], meetingId, "new")));
    expect(
      (await named(peers[0], meetingId)).filter((name) => name === "new connecting"),
    ).toHaveLength(1);
  });

  it.each([
    ["", "sessionId"],
    ["a b", "sessionId"],
    ["ü", "sessionId"],
    ["x".repeat(129), "sessionId"],
  ])("is not named %j", async (sessionId, field) => {
    const { meetingId, peers } = await peersOf(stage);
    for (const [name, more] of [
      ["createWebRTCSession", {}],
      ["updateSessionState", { state: "failed" }],
      ["exchangeICECandidate", { candidate: { candidate: "" } }],
    ] as const) {
      const args = { meetingId, sessionId, ...more };
      expect(await stage.refusal(peers[0].identity, signaling(name), args)).toMatchObject({
        code: "VALIDATION_ERROR",
        metadata: { field },
      });
    }
  });

  it.each([
    [{ a: "x".repeat(2_048) }],
    [Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`f${n}`, n]))],
  ])("keeps no more than is bounded: %j", async (metadata) => {
    const { meetingId, peers } = await peersOf(stage);
    const args = { meetingId, sessionId: "a", state: "connected", metadata };
    expect(
      await stage.refusal(peers[0].identity, signaling("updateSessionState"), args),
    ).toMatchObject({ code: "VALIDATION_ERROR", metadata: { field: "metadata" } });
  });

  it("needs a running free meeting, and a place in it", async () => {
    const free = person({ plan: "free" });
    const refused = (identity: Peer["identity"], meetingId: string) =>
      stage.refusal(identity, signaling("createWebRTCSession"), { meetingId, sessionId: "a" });
    const scheduled = await meetingOf(stage, free, { start: false });
    expect(await refused(free, scheduled)).toMatchObject({ code: "MEETING_NOT_ACTIVE" });
    expect(await refused(person(), scheduled)).toMatchObject({ code: "NOT_FOUND" });
    const paid = person();
    expect(await refused(paid, await meetingOf(stage, paid))).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { reason: "free_tier_required" },
    });
  });
});

describe("sessions are closed", () => {
  it("when their user leaves the meeting, and only theirs", async () => {
    const { meetingId, peers } = await peersOf(stage);
    const leave = () =>
      stage.call(peers[1].identity, "meetings/lifecycle:leaveMeeting", { meetingId });
    expect(await writtenBy(test, leave)).toContain(`sessions:${meetingId}`);
    expect(await named(peers[0], meetingId)).toEqual(["a connecting"]);
  });

  it("when their user is removed, who finds nothing of the time before when they come back", async () => {
    const { meetingId, peers } = await peersOf(stage);
    const [ada, bob] = peers;
    const sent = { meetingId, sessionId: "a", description: offer() };
    await stage.call(ada.identity, signaling("exchangeSessionDescription"), sent);
    const args = { meetingId, userId: bob.userId };
    await stage.call(ada.identity, "meetings/lifecycle:removeParticipant", args);
    expect(await named(ada, meetingId)).toEqual(["a connecting"]);
    for (const name of ["getPendingSignals", "getActiveSessions"])
      expect(await stage.refusal(bob.identity, signaling(name), { meetingId })).toMatchObject({
        code: "NOT_FOUND",
      });
    const back = { ...args, role: "participant" };
    await stage.call(ada.identity, "meetings/lifecycle:addParticipant", back);
    expect(await pendingFor(stage, bob, meetingId)).toEqual([]);
  });

  it("when their user is deactivated, for live queries to see", async () => {
    const { meetingId, peers } = await peersOf(stage);
    const deactivate = () =>
      test.sql("UPDATE users SET is_active = false WHERE id = $1", [peers[1].userId]);
    expect(await writtenBy(test, deactivate)).toEqual([`sessions:${meetingId}`]);
    expect(await named(peers[0], meetingId)).toEqual(["a connecting"]);
    const args = { meetingId, sessionId: "b" };
    expect(
      await stage.refusal(peers[1].identity, signaling("createWebRTCSession"), args),
    ).toMatchObject({ code: "FORBIDDEN" });
  });

  it("when the meeting ends", async () => {
    const { meetingId, peers } = await peersOf(stage);
    await stage.call(peers[0].identity, "meetings/lifecycle:endMeeting", { meetingId });
    expect(await active(peers[0], meetingId)).toEqual([]);
  });

  it("when nothing is heard of them for five minutes, and removed a day later", async () => {
    const { meetingId, peers } = await peersOf(stage);
    const [ada, bob] = peers;
    await test.advanceTime(200_000);
    await update(ada, { meetingId, sessionId: "a", state: "connecting" });
    await test.advanceTime(101_000);
    await closeSilentSessions(test.db, 1_000);
    expect(await named(ada, meetingId)).toEqual(["a connecting"]);
    const sent = { meetingId, sessionId: "a", description: offer() };
    await stage.call(ada.identity, signaling("exchangeSessionDescription"), sent);
    const stored = (table: string) =>
      test.sql(`SELECT 1 FROM ${table} WHERE meeting_id = $1`, [meetingId]);
    await test.advanceTime(299_000);
    await removeOldRows(test.db);
    expect(await stored("webrtc_signals")).toHaveLength(1);
    await test.advanceTime(2_000);
    await removeOldRows(test.db);
    expect(await stored("webrtc_signals")).toEqual([]);
    await closeSilentSessions(test.db, 1_000);
    expect(await stored("webrtc_sessions")).toHaveLength(2);
    await test.advanceTime(86_400_000);
    await removeOldRows(test.db);
    expect(await stored("webrtc_sessions")).toEqual([]);
    expect(await active(bob, meetingId)).toEqual([]);
  });
});

describe("what else shows sessions", () => {
  it("counts them as they are", async () => {
    const { meetingId, peers } = await peersOf(stage, 2);
    const [ada, bob, carl] = peers as [Peer, Peer, Peer];
    await update(ada, { meetingId, sessionId: "a", state: "connected" });
    await create(ada, meetingId, "a2");
    await update(bob, { meetingId, sessionId: "b", state: "disconnected" });
    await update(carl, { meetingId, sessionId: "c", state: "failed" });
    const meeting = await stage.call<{ activeWebRTCSessions: number }>(
      ada.identity,
      "meetings/queries:getMeeting",
      { meetingId },
    );
    expect(meeting.activeWebRTCSessions).toBe(3);
    const people = await stage.call<
      { userId: string; webrtcConnected: boolean; webrtcSessionCount: number }[]
    >(ada.identity, "meetings/queries:listMeetingParticipants", { meetingId });
    const counted = people.map((one) => [one.userId, one.webrtcConnected, one.webrtcSessionCount]);
    expect(counted).toEqual([
      [ada.userId, true, 2],
      [bob.userId, false, 1],
      [carl.userId, false, 0],
    ]);
  });
});
