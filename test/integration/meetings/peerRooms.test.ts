import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import {
  guestOf,
  type MeetingStage,
  meetingOf,
  meetingStage,
  person,
} from "../support/meetingCalls.ts";
import { type Peer, peersOf, rooms, signaling, writtenBy } from "../support/peers.ts";

let test: TestDatabase;
let stage: MeetingStage;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test, { CONNVO_ICE_SERVERS: '[{"urls":"stun:stun.test"}]' });
});
afterAll(() => test.close());

const stats = { bitrate: 1e6, jitter: 1, latency: 10, packetLoss: 0 };

describe("initializeWebRTCRoom", () => {
  const initialize = (identity: Peer["identity"], args: object) =>
    stage.call<Record<string, unknown>>(identity, rooms("initializeWebRTCRoom"), args);

  it("tells how a free meeting connects, also before it runs, and changes nothing", async () => {
    const host = person({ plan: "free" });
    const meetingId = await meetingOf(stage, host, { start: false });
    const ask = () => initialize(host, { meetingId, maxParticipants: 4 });
    expect(await writtenBy(test, ask)).toEqual([]);
    expect(await ask()).toEqual({
      success: true,
      provider: "webrtc",
      roomId: `webrtc_${meetingId}`,
      iceServers: [{ urls: "stun:stun.test" }],
      features: {
        chat: false,
        maxParticipants: 4,
        recording: false,
        screenSharing: true,
        transcription: true,
      },
    });
  });

  it("opens the room of a paid one, whatever plan its caller has now", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    expect(await initialize({ ...host, plan: "free" }, { meetingId })).toMatchObject({
      provider: "getstream",
      roomId: meetingId,
      features: { recording: true },
    });
  });

  it("is for hosts, and for as many people as the meeting takes", async () => {
    const { meetingId, peers } = await peersOf(stage);
    const refused = (peer: Peer, args: object) =>
      stage.refusal(peer.identity, rooms("initializeWebRTCRoom"), { meetingId, ...args });
    expect(await refused(peers[1], {})).toMatchObject({ code: "INSUFFICIENT_PERMISSIONS" });
    for (const maxParticipants of [5, 0, 1.5])
      expect(await refused(peers[0], { maxParticipants })).toMatchObject({
        code: "VALIDATION_ERROR",
        metadata: { field: "maxParticipants" },
      });
    await stage.call(peers[0].identity, "meetings/lifecycle:endMeeting", { meetingId });
    expect(await refused(peers[0], {})).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { reason: "meeting_concluded" },
    });
  });
});

describe("generateParticipantAccessToken", () => {
  const tokenOf = (identity: Peer["identity"], args: object) =>
    stage.call<{ token: string; participantId: string }>(
      identity,
      rooms("generateParticipantAccessToken"),
      args,
    );

  it("says who somebody is in a free meeting, and what they may do", async () => {
    const { meetingId, peers } = await peersOf(stage);
    const [ada, bob] = peers;
    const roomId = `webrtc_${meetingId}`;
    const host = await tokenOf(ada.identity, { meetingId, sessionId: "a" });
    const permissions = { canKick: true, canMute: true, canRecord: false, canShare: true };
    const { token, ...told } = host;
    expect(told).toEqual({
      participantId: "a",
      permissions,
      provider: "webrtc",
      roomId,
      success: true,
    });
    const { peerTokens } = stage.services;
    expect(await peerTokens.verify(token, roomId)).toEqual({
      userId: ada.userId,
      roomId,
      meetingId,
      participantId: "a",
      role: "host",
      permissions,
    });
    expect(await peerTokens.verify(token, "webrtc_another")).toBeUndefined();
    expect(await peerTokens.verify(`${token}x`, roomId)).toBeUndefined();
    const guest = await tokenOf(bob.identity, { meetingId });
    expect(guest).toMatchObject({
      participantId: expect.stringMatching(/^participant_/),
      permissions: { canKick: false, canMute: false, canRecord: false, canShare: true },
    });
  });

  it("is that of the room in a paid one", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const answer = await tokenOf(host, { meetingId });
    expect(answer).toMatchObject({
      provider: "getstream",
      roomId: meetingId,
      permissions: { canRecord: true },
    });
    expect(JSON.parse(answer.token)).toMatchObject({ meetingId, role: "host" });
  });

  it("is refused to observers, strangers, and outside of a running meeting", async () => {
    const host = person({ plan: "free" });
    const meetingId = await meetingOf(stage, host, { start: false });
    const refused = (identity: Peer["identity"], args = {}) =>
      stage.refusal(identity, rooms("generateParticipantAccessToken"), { meetingId, ...args });
    expect(await refused(host)).toMatchObject({ code: "MEETING_NOT_ACTIVE" });
    await stage.call(host, "meetings/lifecycle:startMeeting", { meetingId });
    const { identity } = await guestOf(stage, host, meetingId, "observer");
    expect(await refused(identity)).toMatchObject({
      code: "INSUFFICIENT_PERMISSIONS",
      metadata: { requiredRole: "participant", currentRole: "observer" },
    });
    expect(await refused(person())).toMatchObject({ code: "NOT_FOUND" });
    expect(await refused(host, { sessionId: "no name" })).toMatchObject({
      code: "VALIDATION_ERROR",
    });
  });
});

describe("handleConnectionFailure", () => {
  const report = (peer: Peer, args: object) =>
    stage.call(peer.identity, rooms("handleConnectionFailure"), {
      sessionId: peer.sessionId,
      ...args,
    });

  it.each([
    ["ice_failed", true],
    ["connection_timeout", false],
    ["media_failed", false],
    ["signaling_failed", false],
  ])("fails one's own session for %s", async (errorType, retryRecommended) => {
    const { meetingId, peers } = await peersOf(stage);
    const answer = await report(peers[0], { meetingId, errorType, errorDetails: "no pair" });
    expect(answer).toEqual({ retryRecommended, success: true });
    const sessions = await stage.call<{ sessionId: string }[]>(
      peers[1].identity,
      signaling("getActiveSessions"),
      { meetingId },
    );
    expect(sessions.map(({ sessionId }) => sessionId)).toEqual(["b"]);
  });

  it("notes nothing in a paid meeting, and offers no way round its recording", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const peer = { identity: host, userId: "", sessionId: "any" };
    expect(await report(peer, { meetingId, errorType: "ice_failed" })).toEqual({
      retryRecommended: true,
      success: true,
    });
  });

  it("is refused for others' sessions, long words, and a meeting that is over", async () => {
    const { meetingId, peers } = await peersOf(stage);
    const refused = (peer: Peer, args: object) =>
      stage.refusal(peer.identity, rooms("handleConnectionFailure"), {
        meetingId,
        errorType: "ice_failed",
        ...args,
      });
    for (const sessionId of ["b", "none"])
      expect(await refused(peers[0], { sessionId })).toMatchObject({ code: "NOT_FOUND" });
    const errorDetails = "x".repeat(1_001);
    expect(await refused(peers[0], { sessionId: "a", errorDetails })).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { field: "errorDetails" },
    });
    await stage.call(peers[0].identity, "meetings/lifecycle:endMeeting", { meetingId });
    expect(await refused(peers[0], { sessionId: "a" })).toMatchObject({
      code: "MEETING_NOT_ACTIVE",
    });
  });
});

describe("monitorConnectionQuality", () => {
  const report = (peer: Peer, meetingId: string, change = {}) =>
    stage.call(peer.identity, rooms("monitorConnectionQuality"), {
      meetingId,
      sessionId: peer.sessionId,
      stats: { ...stats, ...change },
    });

  it("judges, and shows it with the session, without disturbing other queries", async () => {
    const { meetingId, peers } = await peersOf(stage);
    const written = await writtenBy(test, () => report(peers[0], meetingId));
    expect(written).toEqual([`quality:${meetingId}`]);
    expect(await report(peers[0], meetingId, { packetLoss: 9 })).toEqual({
      quality: "poor",
      recommendations: [expect.stringMatching(/^Many packets are lost/)],
      shouldFallback: true,
    });
    const [session] = await stage.call<object[]>(
      peers[1].identity,
      signaling("getActiveSessions"),
      {
        meetingId,
      },
    );
    expect(session).toMatchObject({ connectionQuality: "poor", lastMetricsAt: expect.any(Number) });
  });

  it("keeps the latest twenty of a session", async () => {
    const { meetingId, peers } = await peersOf(stage);
    for (let n = 0; n < 25; n++) await report(peers[0], meetingId, { latency: n });
    const kept = await test.sql<{ latency: number }>(
      "SELECT latency FROM connection_metrics WHERE meeting_id = $1 ORDER BY at, id",
      [meetingId],
    );
    expect(kept.map(({ latency }) => latency)).toEqual(Array.from({ length: 20 }, (_, n) => n + 5));
  });

  it("keeps nothing of a paid meeting", async () => {
    const host = person();
    const meetingId = await meetingOf(stage, host);
    const peer = { identity: host, userId: "", sessionId: "any" };
    expect(await report(peer, meetingId)).toMatchObject({ quality: "excellent" });
  });

  it("is refused for others' sessions, and for what is no measurement", async () => {
    const { meetingId, peers } = await peersOf(stage);
    const refused = (sessionId: string, change = {}) =>
      stage.refusal(peers[0].identity, rooms("monitorConnectionQuality"), {
        meetingId,
        sessionId,
        stats: { ...stats, ...change },
      });
    expect(await refused("b")).toMatchObject({ code: "NOT_FOUND" });
    for (const [name, value] of [
      ["packetLoss", 101],
      ["bitrate", -1],
      ["jitter", 1e10],
    ] as const)
      expect(await refused("a", { [name]: value })).toMatchObject({
        code: "VALIDATION_ERROR",
        metadata: { field: `stats.${name}` },
      });
  });
});

it("every function answers under its second address", async () => {
  const { meetingId, peers } = await peersOf(stage);
  const args = { meetingId };
  expect(
    await stage.call(peers[0].identity, "meetings/webrtc/index:getActiveSessions", args),
  ).toEqual(await stage.call(peers[0].identity, signaling("getActiveSessions"), args));
  expect(
    await stage.call(peers[0].identity, "meetings/webrtc/index:initializeWebRTCRoom", args),
  ).toEqual(await stage.call(peers[0].identity, rooms("initializeWebRTCRoom"), args));
});
