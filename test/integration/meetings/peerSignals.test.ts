import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import {
  guestOf,
  type MeetingStage,
  meetingOf,
  meetingStage,
  person,
} from "../support/meetingCalls.ts";
import { offer, type Peer, peersOf, pendingFor, signaling, writtenBy } from "../support/peers.ts";

let test: TestDatabase;
let stage: MeetingStage;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());

const describeTo = (from: Peer, meetingId: string, description: object, targetUserId?: string) =>
  stage.call(from.identity, signaling("exchangeSessionDescription"), {
    meetingId,
    sessionId: from.sessionId,
    description,
    ...(targetUserId === undefined ? {} : { targetUserId }),
  });

const candidateTo = (from: Peer, meetingId: string, candidate: object, targetUserId?: string) =>
  stage.call(from.identity, signaling("exchangeICECandidate"), {
    meetingId,
    sessionId: from.sessionId,
    candidate,
    ...(targetUserId === undefined ? {} : { targetUserId }),
  });

const contents = async (peer: Peer, meetingId: string, more = {}) =>
  (await pendingFor(stage, peer, meetingId, more)).map(
    ({ data }) => data["sdp"] ?? data["candidate"],
  );

describe("a signal", () => {
  it("comes to whom it is for, as it was sent, and to nobody else", async () => {
    const { meetingId, peers } = await peersOf(stage, 2);
    const [ada, bob, carl] = peers as [Peer, Peer, Peer];
    const candidate = {
      candidate: "candidate:1",
      sdpMid: "0",
      sdpMLineIndex: 0,
      usernameFragment: "u",
    };
    await describeTo(ada, meetingId, offer(), bob.userId);
    await candidateTo(ada, meetingId, candidate, bob.userId);
    const common = {
      _id: expect.stringMatching(/^signal_/),
      fromUserId: ada.userId,
      sessionId: "a",
      timestamp: expect.any(Number),
    };
    expect(await pendingFor(stage, bob, meetingId)).toEqual([
      { ...common, type: "sdp", data: offer() },
      { ...common, type: "ice", data: candidate },
    ]);
    expect(await pendingFor(stage, carl, meetingId)).toEqual([]);
    expect(await pendingFor(stage, ada, meetingId)).toEqual([]);
  });

  it("to nobody in particular comes to everybody else, also to who has no session yet", async () => {
    const { meetingId, peers } = await peersOf(stage, 1);
    const [ada, bob] = peers;
    const { identity, userId } = await guestOf(stage, ada.identity, meetingId);
    await describeTo(bob, meetingId, offer());
    const late = { identity, userId, sessionId: "" };
    for (const peer of [ada, late]) expect(await contents(peer, meetingId)).toEqual([offer().sdp]);
    expect(await pendingFor(stage, bob, meetingId)).toEqual([]);
  });

  it("keeps its place, of one sender's session if wanted, and behind the one seen last", async () => {
    const { meetingId, peers } = await peersOf(stage, 2);
    const [ada, bob, carl] = peers as [Peer, Peer, Peer];
    for (const text of ["1", "2"]) {
      await candidateTo(ada, meetingId, { candidate: `ada ${text}` }, carl.userId);
      await candidateTo(bob, meetingId, { candidate: `bob ${text}` }, carl.userId);
    }
    expect(await contents(carl, meetingId)).toEqual(["ada 1", "bob 1", "ada 2", "bob 2"]);
    expect(await contents(carl, meetingId, { sessionId: "b" })).toEqual(["bob 1", "bob 2"]);
    const [, second] = await pendingFor(stage, carl, meetingId);
    const lastSignalId = second?._id;
    expect(await contents(carl, meetingId, { lastSignalId })).toEqual(["ada 2", "bob 2"]);
    // Somebody else's, and one that is no more, say nothing of a place.
    await candidateTo(carl, meetingId, { candidate: "last" }, ada.userId);
    const [foreign] = await pendingFor(stage, ada, meetingId);
    for (const lastSignalId of [foreign?._id, "signal_gone", "'; --"])
      expect(await contents(carl, meetingId, { lastSignalId })).toHaveLength(4);
  });

  it("is missed by nobody who asks for what is behind the last, however many send at once", async () => {
    const { meetingId, peers } = await peersOf(stage, 2);
    const [ada, bob, carl] = peers as [Peer, Peer, Peer];
    const sendAll = (from: Peer) =>
      Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          candidateTo(from, meetingId, { candidate: `${from.sessionId} ${n}` }, carl.userId),
        ),
      );
    const sending = Promise.all([sendAll(ada), sendAll(bob)]);
    let sent = false;
    void sending.then(() => {
      sent = true;
    });
    const seen: string[] = [];
    let lastSignalId: string | undefined;
    for (let last = false; !last; ) {
      last = sent;
      const more = lastSignalId === undefined ? {} : { lastSignalId };
      const found = await pendingFor(stage, carl, meetingId, more);
      seen.push(...found.map(({ data }) => String(data["candidate"])));
      lastSignalId = found.at(-1)?._id ?? lastSignalId;
    }
    await sending;
    expect(seen).toHaveLength(40);
    expect(new Set(seen).size).toBe(40);
  });

  it("is one of fifty at most", async () => {
    const { meetingId, peers } = await peersOf(stage);
    const [ada, bob] = peers;
    for (let n = 0; n < 60; n++) await candidateTo(ada, meetingId, { candidate: String(n) });
    const first = await pendingFor(stage, bob, meetingId);
    expect(first).toHaveLength(50);
    const rest = await contents(bob, meetingId, { lastSignalId: first.at(-1)?._id });
    expect(rest).toEqual(Array.from({ length: 10 }, (_, n) => String(50 + n)));
  });

  it("is given up after two minutes", async () => {
    const { meetingId, peers } = await peersOf(stage);
    await describeTo(peers[0], meetingId, offer());
    await test.advanceTime(119_000);
    expect(await contents(peers[1], meetingId)).toHaveLength(1);
    await test.advanceTime(1_500);
    expect(await contents(peers[1], meetingId)).toEqual([]);
  });

  it("changes nothing but what its addressee reads", async () => {
    const { meetingId, peers } = await peersOf(stage, 2);
    const [ada, bob, carl] = peers as [Peer, Peer, Peer];
    const addressed = await writtenBy(test, () => describeTo(ada, meetingId, offer(), bob.userId));
    expect(addressed).toEqual([`signals:${meetingId}/${bob.userId}`]);
    const broadcast = await writtenBy(test, () => describeTo(ada, meetingId, offer()));
    expect(broadcast).toEqual(
      [bob, carl].map(({ userId }) => `signals:${meetingId}/${userId}`).sort(),
    );
  });
});

describe("marking signals as processed", () => {
  it("takes off one's own alone, once", async () => {
    const { meetingId, peers } = await peersOf(stage, 2);
    const [ada, bob, carl] = peers as [Peer, Peer, Peer];
    await describeTo(ada, meetingId, offer());
    const [forBob] = await pendingFor(stage, bob, meetingId);
    const [forCarl] = await pendingFor(stage, carl, meetingId);
    const mark = (peer: Peer, signalIds: unknown[]) =>
      stage.call(peer.identity, signaling("markSignalsProcessed"), { signalIds });
    const all = [forBob?._id, forCarl?._id, "signal_gone", "'; --"];
    const written = await writtenBy(test, () => mark(bob, all));
    expect(written).toEqual([`signals:${meetingId}/${bob.userId}`]);
    expect(await pendingFor(stage, bob, meetingId)).toEqual([]);
    expect(await pendingFor(stage, carl, meetingId)).toHaveLength(1);
    expect(await writtenBy(test, () => mark(bob, all))).toEqual([]);
    expect(await writtenBy(test, () => mark(bob, []))).toEqual([]);
  });

  it("is refused for more than 200 at once", async () => {
    const signalIds = Array.from({ length: 201 }, () => "signal_1");
    expect(
      await stage.refusal(person(), signaling("markSignalsProcessed"), { signalIds }),
    ).toMatchObject({ code: "VALIDATION_ERROR", metadata: { field: "signalIds", limit: 200 } });
  });
});

describe("a signal is refused", () => {
  it.each([
    [{ type: "offer", sdp: `v=0${"x".repeat(65_534)}` }, "description.sdp", 65_536],
    [{ type: "offer", sdp: "m=audio" }, "description.sdp", undefined],
    [{ type: "answer", sdp: "" }, "description.sdp", undefined],
  ])("for its description: %j", async (description, field, limit) => {
    const { meetingId, peers } = await peersOf(stage);
    const args = { meetingId, sessionId: "a", description };
    const refused = await stage.refusal(
      peers[0].identity,
      signaling("exchangeSessionDescription"),
      args,
    );
    expect(refused).toMatchObject({ code: "VALIDATION_ERROR", metadata: { field } });
    expect(refused.metadata?.["limit"]).toBe(limit);
    expect(await pendingFor(stage, peers[1], meetingId)).toEqual([]);
  });

  it.each([
    [{ candidate: "x".repeat(1_025) }, "candidate.candidate"],
    [{ candidate: "", sdpMid: "x".repeat(257) }, "candidate.sdpMid"],
    [{ candidate: "", usernameFragment: "x".repeat(257) }, "candidate.usernameFragment"],
    [{ candidate: "", sdpMLineIndex: -1 }, "candidate.sdpMLineIndex"],
    [{ candidate: "", sdpMLineIndex: 0.5 }, "candidate.sdpMLineIndex"],
  ])("for its candidate: %j", async (candidate, field) => {
    const { meetingId, peers } = await peersOf(stage);
    const args = { meetingId, sessionId: "a", candidate };
    expect(
      await stage.refusal(peers[0].identity, signaling("exchangeICECandidate"), args),
    ).toMatchObject({ code: "VALIDATION_ERROR", metadata: { field } });
  });

  it("from a session that is somebody else's, closed, or none", async () => {
    const { meetingId, peers } = await peersOf(stage);
    const [ada, bob] = peers;
    await stage.call(ada.identity, signaling("closeSession"), { meetingId, sessionId: "a" });
    for (const [peer, sessionId] of [
      [ada, "a"],
      [ada, "b"],
      [bob, "none"],
    ] as const) {
      const args = { meetingId, sessionId, description: offer() };
      expect(
        await stage.refusal(peer.identity, signaling("exchangeSessionDescription"), args),
      ).toMatchObject({ code: "NOT_FOUND", metadata: { reason: "no_session" } });
    }
  });

  it("for nobody, oneself, and people of other meetings", async () => {
    const { meetingId, peers } = await peersOf(stage);
    const { peers: others } = await peersOf(stage);
    for (const targetUserId of ["user_gone", "'; --", peers[0].userId, others[0].userId]) {
      const args = { meetingId, sessionId: "a", description: offer(), targetUserId };
      expect(
        await stage.refusal(peers[0].identity, signaling("exchangeSessionDescription"), args),
      ).toMatchObject({ code: "NOT_FOUND", metadata: { reason: "no_addressee" } });
    }
  });

  it("in a meeting that is over, is not one's own, or has a room", async () => {
    const { meetingId, peers } = await peersOf(stage);
    const send = (identity: Peer["identity"], meetingId: string) =>
      stage.refusal(identity, signaling("exchangeICECandidate"), {
        meetingId,
        sessionId: "a",
        candidate: { candidate: "" },
      });
    expect(await send(person(), meetingId)).toMatchObject({ code: "NOT_FOUND" });
    await stage.call(peers[0].identity, "meetings/lifecycle:endMeeting", { meetingId });
    expect(await send(peers[0].identity, meetingId)).toMatchObject({ code: "MEETING_NOT_ACTIVE" });
    const host = person();
    expect(await send(host, await meetingOf(stage, host))).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { reason: "free_tier_required" },
    });
  });

  it("once a sender's or a meeting's are many, before it is stored, until old ones run out", async () => {
    await test.stopTime();
    const { meetingId, peers } = await peersOf(stage, 2);
    const [ada, bob, carl] = peers as [Peer, Peer, Peer];
    const fill = (from: Peer, count: number, bytes = 1) =>
      test.sql(
        `INSERT INTO webrtc_signals (id, meeting_id, sequence, session_id, from_user_id, to_user_id, type, data, size_bytes,
           processed_at)
         SELECT gen_random_uuid(), $1, n + (SELECT coalesce(max(sequence), 0) FROM webrtc_signals WHERE meeting_id = $1),
           'x', $2, $3, 'ice', '{}', $5, app_now() FROM generate_series(1, $4) n`,
        [meetingId, from.userId, carl.userId, count, bytes],
      );
    const limited = { code: "RATE_LIMIT_EXCEEDED", metadata: { action: "webrtc_signals" } };
    const args = { meetingId, sessionId: "a", candidate: { candidate: "" } };
    const refused = (peer: Peer) =>
      stage.refusal(peer.identity, signaling("exchangeICECandidate"), {
        ...args,
        sessionId: peer.sessionId,
      });
    // To two at once there is no room for both, and then neither is stored.
    await fill(ada, 999);
    await test.advanceTime(20_000);
    expect(await refused(ada)).toMatchObject({
      ...limited,
      metadata: { limit: 1_000, retryAfterMs: 100_000 },
    });
    expect(await contents(bob, meetingId)).toEqual([]);
    await candidateTo(ada, meetingId, { candidate: "last" }, bob.userId);
    await candidateTo(bob, meetingId, { candidate: "of another" });
    await fill(bob, 10, 209_712);
    expect(await refused(bob)).toMatchObject(limited);
    await fill(carl, 1_988);
    await test.sql("DELETE FROM webrtc_signals WHERE from_user_id = $1", [bob.userId]);
    await fill(bob, 12);
    expect(await refused(bob)).toMatchObject(limited);
    await test.advanceTime(100_001);
    await candidateTo(ada, meetingId, { candidate: "again" });
  });
});
