import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { matchDue } from "../../../src/matching/cycle.ts";
import { sweepMatching } from "../../../src/matching/sweep.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { KeyWatch } from "../support/declaredKeys.ts";
import { vectorProcess } from "../support/meaning.ts";
import { admin, type MeetingStage, meetingStage } from "../support/meetingCalls.ts";
import { type Current, hour, matchingCalls, type Seeker, type Status } from "./matchingCalls.ts";

const queue = "matching/queue";
const analytics = "matching/analytics";

let test: TestDatabase;
let stage: MeetingStage;
let calls: ReturnType<typeof matchingCalls>;
let ann: Seeker;
let bob: Seeker;

const now = async () =>
  (await test.sql<{ now: Date }>("SELECT app_now() AS now"))[0]?.now.getTime() ?? 0;

beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
  calls = matchingCalls(stage, now);
});
afterAll(() => test.close());

const cycle = () => matchDue(stage.services);
const sweep = () => sweepMatching(test.db);

beforeEach(async () => {
  await test.sql("DELETE FROM match_people");
  await test.sql("DELETE FROM matches");
  await test.sql("DELETE FROM matching_queue");
  await test.sql("DELETE FROM matching_weights");
  [ann, bob] = [await calls.seeker({ name: "Ann" }), await calls.seeker({ name: "Bob" })];
});

/** Both wait, and are brought together. */
async function matched(one = ann, other = bob): Promise<Current> {
  await calls.enter(one);
  await calls.enter(other);
  await cycle();
  const match = await calls.current(one);
  if (!match) throw new Error("nobody was matched");
  return match;
}

async function accepted(): Promise<Current> {
  const match = await matched();
  await calls.say(ann, match.matchId, "accepted");
  await calls.say(bob, match.matchId, "accepted");
  return match;
}

const statusOf = async (who: Seeker) => (await calls.status(who))?.status;
const refusalOf = (who: Seeker, name: string, args: object) =>
  stage.refusal(who.identity, name, args);
const meeting = (who: Seeker, meetingId: string) =>
  stage.call<{ state: string; title: string; userRole: string; description?: string }>(
    who.identity,
    "meetings/queries:getMeeting",
    { meetingId },
  );

describe("the queue", () => {
  it("tells one's place, who else waits, and nothing of how long where that is unknown", async () => {
    expect(await calls.status(ann)).toBeNull();
    await calls.enter(ann, { constraints: { interests: ["Chess"] } });
    const entryId = await calls.enter(bob, { constraints: { interests: ["Sailing"] } });
    const status = await calls.status(bob);
    expect(status).toMatchObject({ _id: entryId, status: "waiting", queuePosition: 2 });
    expect(status).toMatchObject({ potentialMatches: 1 });
    expect(status).not.toHaveProperty("estimatedWaitTime");
    await stage.call(ann.identity, `${queue}:cancelQueueEntry`, {});
    expect(await calls.status(ann)).toBeNull();
    expect(await calls.status(bob)).toMatchObject({ queuePosition: 1, potentialMatches: 0 });
  });

  it("has one entry of a person: entering again replaces it", async () => {
    const first = await calls.enter(ann);
    await calls.enter(bob, { constraints: { interests: ["Chess"] } });
    expect(await calls.enter(ann, { to: 3 * hour })).toBe(first);
    expect(await calls.status(ann)).toMatchObject({ queuePosition: 2 });
    const again = await Promise.all([calls.enter(ann), calls.enter(ann), calls.enter(ann)]);
    expect(new Set(again)).toEqual(new Set([first]));
    expect(await refusalOf(ann, `${queue}:enterMatchingQueue`, await wish())).toMatchObject({
      code: "RATE_LIMIT_EXCEEDED",
      metadata: { action: "matchingQueue" },
    });
  });

  const wish = async (change: object = {}) => {
    const at = Math.round(await now());
    const constraints = { interests: ["Chess"], roles: ["peer"] };
    return { availableFrom: at, availableTo: at + hour, constraints, ...change };
  };

  it.each<[string, (at: number) => object, string]>([
    ["in the past", (at) => ({ availableFrom: at - hour }), "availableFrom"],
    ["over", (at) => ({ availableFrom: at - 30_000, availableTo: at - 1 }), "availableTo"],
    ["too short", (at) => ({ availableTo: at + 600_000 }), "availableTo"],
    ["far ahead", (at) => ({ availableTo: at + 31 * 24 * hour }), "availableTo"],
    ["without interests", () => ({ constraints: { interests: [], roles: ["peer"] } }), "interests"],
    ["without roles", () => ({ constraints: { interests: ["x"], roles: [] } }), "roles"],
    [
      "with 21 interests",
      () => ({
        constraints: { interests: Array.from({ length: 21 }, (_, i) => `i${i}`), roles: ["a"] },
      }),
      "interests",
    ],
    [
      "of no organisation",
      () => ({ constraints: { interests: ["x"], roles: ["a"], orgConstraints: "same" } }),
      "orgConstraints",
    ],
  ])("takes no wish that is %s", async (_, change, field) => {
    const args = await wish(change(Math.round(await now())));
    expect(await refusalOf(ann, `${queue}:enterMatchingQueue`, args)).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { field: expect.stringContaining(field) },
    });
  });

  it("takes nobody whose profile is hidden", async () => {
    await stage.call(ann.identity, "settings/mutations:updateSettings", {
      profileVisibility: false,
    });
    expect(await refusalOf(ann, `${queue}:enterMatchingQueue`, await wish())).toMatchObject({
      metadata: { reason: "profile_hidden" },
    });
  });

  it("lets entries expire whose time is over, and says so, before any sweep too", async () => {
    await calls.enter(ann, { to: hour });
    await test.advanceTime(hour);
    expect(await statusOf(ann)).toBe("expired");
    await sweep();
    const rows = await test.sql<{ status: string }>("SELECT status FROM matching_queue");
    expect(rows).toEqual([{ status: "expired" }]);
    const refused = await refusalOf(ann, `${queue}:cancelQueueEntry`, {});
    expect(refused).toMatchObject({ code: "NOT_FOUND" });
  });

  it("forgets what came to nothing a month ago", async () => {
    await calls.enter(ann);
    await stage.call(ann.identity, `${queue}:cancelQueueEntry`, {});
    await test.advanceTime(31 * 24 * hour);
    await sweep();
    expect(await test.sql("SELECT 1 FROM matching_queue")).toEqual([]);
  });
});

describe("a cycle", () => {
  it("brings two together in a meeting of theirs, with the reasons in words", async () => {
    for (const { id } of [ann, bob])
      await test.sql(
        "INSERT INTO profiles (id, user_id, display_name, languages, field, age) VALUES ($1 || 'p', $1, 'Ann', '{German}', 'Law', 40)",
        [id],
      );
    const match = await matched();
    expect(match).toMatchObject({
      state: "proposed",
      hasAccepted: false,
      meetingState: "scheduled",
    });
    expect(match.partner).toEqual({ userId: bob.id, displayName: "Ann", hasAccepted: false });
    expect(match.reasons).toEqual([
      "Both are interested in Sustainability",
      "Both speak German",
      "Both work in Law",
      "Both want to talk as peer",
    ]);
    expect(await calls.status(bob)).toMatchObject({ status: "matched", matchedWith: ann.id });
    for (const who of [ann, bob])
      expect(await meeting(who, match.meetingId)).toMatchObject({
        ...{ state: "scheduled", userRole: "host" },
      });
    expect(await cycle()).toBe(false);
  });

  it("looks at who is new at once, and at all others every minute", async () => {
    await calls.enter(ann, { constraints: { roles: ["mentor"], interests: ["Chess", "Go"] } });
    await calls.enter(bob, { constraints: { roles: ["mentor"], interests: ["Sailing"] } });
    await cycle();
    expect(await statusOf(ann)).toBe("waiting");
    await test.sql("UPDATE matching_queue SET interests = '{Chess}'");
    expect(await cycle()).toBe(false);
    await test.advanceTime(60_000);
    expect(await cycle()).toBe(true);
    expect(await statusOf(ann)).toBe("matched");
  });

  it("takes the best for who has waited longest", async () => {
    const cleo = await calls.seeker();
    await calls.enter(ann, { constraints: { interests: ["Chess", "Go"] } });
    await calls.enter(bob, { constraints: { interests: ["Chess", "Go", "Law"] } });
    await calls.enter(cleo, { constraints: { interests: ["Go", "Chess"] } });
    await cycle();
    expect((await calls.current(ann))?.partner.userId).toBe(cleo.id);
    expect(await statusOf(bob)).toBe("waiting");
  });

  it.each<[string, (who: Seeker) => Promise<unknown>]>([
    [
      "deactivated",
      (who) => test.sql("UPDATE users SET is_active = false WHERE id = $1", [who.id]),
    ],
    [
      "hidden",
      (who) =>
        stage.call(who.identity, "settings/mutations:updateSettings", { profileVisibility: false }),
    ],
    ["free at another time", (who) => calls.enter(who, { from: 3 * hour, to: 4 * hour })],
    [
      "free for too short a time",
      (who) => calls.enter(who, { from: 2 * hour - 600_000, to: 4 * hour }),
    ],
    [
      "interested in something else",
      (who) => calls.enter(who, { constraints: { interests: ["Go"] } }),
    ],
  ])("leaves out who is %s", async (_, change) => {
    await calls.enter(ann);
    await calls.enter(bob);
    await change(bob);
    await cycle();
    expect(await statusOf(ann)).toBe("waiting");
    expect(await test.sql("SELECT 1 FROM matches")).toEqual([]);
  });

  it("keeps to the own organisation where one of the two asks for that", async () => {
    const [dan, eve] = [
      await calls.seeker({ orgId: "org_a" }),
      await calls.seeker({ orgId: "org_a" }),
    ];
    const own = { constraints: { orgConstraints: "same" } };
    await calls.enter(ann);
    await calls.enter(dan, own);
    await cycle();
    expect(await statusOf(dan)).toBe("waiting");
    await calls.enter(eve);
    await stage.call(ann.identity, `${queue}:cancelQueueEntry`, {});
    await cycle();
    expect((await calls.current(dan))?.partner.userId).toBe(eve.id);
  });

  it("is run by an administrator with a score of theirs, and tells what it did", async () => {
    const boss = await calls.seeker({ orgId: "org_b", orgRole: "admin" });
    await calls.enter(ann);
    await calls.enter(bob);
    const run = (args: object) =>
      stage.call<Record<string, number>>(boss.identity, "matching/engine:runMatchingCycle", args);
    expect(await run({ minScore: 0.99, maxMatches: 1, shardCount: 4 })).toMatchObject({
      ...{ totalMatches: 1, averageScore: expect.closeTo(1), processedShards: 1 },
    });
    expect(await run({})).toMatchObject({ totalMatches: 0, averageScore: 0 });
  });

  it("tells how long others have waited, once there are some", async () => {
    await calls.enter(ann);
    await test.advanceTime(30_000);
    await calls.enter(bob);
    await cycle();
    const [dan, eve] = [await calls.seeker(), await calls.seeker()];
    await matched(dan, eve);
    const fay = await calls.seeker();
    await calls.enter(fay);
    const { estimatedWaitTime = -1 } = (await calls.status(fay)) as Status;
    expect(estimatedWaitTime).toBeGreaterThanOrEqual(0);
    expect(estimatedWaitTime).toBeLessThan(30_000);
  });
});

describe("an answer", () => {
  it("counts as accepted once both have said so, each once", async () => {
    const match = await matched();
    await calls.say(ann, match.matchId, "accepted");
    expect(await calls.current(bob)).toMatchObject({
      ...{ state: "proposed", hasAccepted: false, partner: { hasAccepted: true } },
    });
    expect(await history(ann)).toEqual([]);
    const again = { matchId: match.matchId, outcome: "accepted" };
    expect(await refusalOf(ann, `${analytics}:submitMatchFeedback`, again)).toMatchObject({
      code: "CONFLICT",
    });
    // The published functions name the entry alone.
    await calls.say(bob, (await calls.status(bob))?._id ?? "", "accepted");
    expect(await calls.current(ann)).toMatchObject({ state: "accepted" });
    expect(await history(ann)).toMatchObject([{ matchId: match.matchId, outcome: "accepted" }]);
  });

  const history = (who: Seeker) =>
    stage.call<object[]>(who.identity, `${analytics}:getMatchHistory`, {});

  it("declines: the meeting is off, the other has the old place, the two are not brought together again", async () => {
    const match = await matched();
    const before = await calls.status(ann);
    const cleo = await calls.seeker();
    await calls.enter(cleo, { constraints: { interests: ["Chess"] } });
    await calls.say(bob, match.matchId, "declined", { rating: 2, comments: "Another time" });
    expect(await calls.status(bob)).toBeNull();
    expect(await calls.status(ann)).toMatchObject({
      ...{ status: "waiting", queuePosition: 1, createdAt: before?.createdAt },
    });
    expect(await meeting(ann, match.meetingId)).toMatchObject({ state: "cancelled" });
    await calls.enter(bob);
    await cycle();
    expect(await statusOf(ann)).toBe("waiting");
    expect(await calls.status(ann)).toMatchObject({ potentialMatches: 1 });
    await test.advanceTime(8 * 24 * hour);
    await sweep();
    await matched();
    expect(await history(bob)).toMatchObject([
      { outcome: "declined", feedback: { rating: 2, comments: "Another time" } },
    ]);
    expect((await history(ann))[0]).not.toHaveProperty("feedback");
  });

  it("may be taken back until the meeting begins", async () => {
    const { matchId, meetingId } = await accepted();
    await calls.say(ann, matchId, "declined");
    expect(await statusOf(bob)).toBe("waiting");
    const other = await calls.seeker();
    const next = await matched(bob, other);
    await stage.call(bob.identity, "meetings/lifecycle:startMeeting", {
      meetingId: next.meetingId,
    });
    const args = { matchId: next.matchId, outcome: "declined" };
    expect(await refusalOf(other, `${analytics}:submitMatchFeedback`, args)).toMatchObject({
      metadata: { reason: "started" },
    });
    expect(await meeting(bob, meetingId)).toMatchObject({ state: "cancelled" });
  });

  it("is also given by cancelling the meeting", async () => {
    const { meetingId } = await matched();
    await stage.call(bob.identity, "meetings/lifecycle:cancelMeeting", { meetingId });
    expect(await calls.status(bob)).toBeNull();
    expect(await statusOf(ann)).toBe("waiting");
    expect(await calls.current(ann)).toBeNull();
  });

  const remove = (by: Seeker, meetingId: string, { id: userId }: Seeker) =>
    stage.call(by.identity, "meetings/lifecycle:removeParticipant", { meetingId, userId });
  const openMatches = () => test.sql("SELECT 1 FROM match_people WHERE is_open");

  it.each(["the other", "oneself"])(
    "is also given by taking %s out of the meeting",
    async (whom) => {
      const { meetingId } = await accepted();
      const [gone, left] = whom === "oneself" ? [ann, bob] : [bob, ann];
      await remove(ann, meetingId, gone);
      expect([await statusOf(ann), await statusOf(bob)]).toEqual([undefined, "waiting"]);
      expect(await openMatches()).toEqual([]);
      expect(await meeting(left, meetingId)).toMatchObject({ state: "cancelled" });
    },
  );

  it("is given by neither of two that somebody else takes one of out", async () => {
    const { meetingId } = await matched();
    const [cleo, dora] = [await calls.seeker(), await calls.seeker()];
    for (const { id: userId } of [cleo, dora])
      await stage.call(ann.identity, "meetings/lifecycle:addParticipant", {
        ...{ meetingId, userId, role: "host" },
      });
    await remove(cleo, meetingId, dora);
    expect(await openMatches()).toHaveLength(2);
    await remove(cleo, meetingId, bob);
    expect([await statusOf(ann), await statusOf(bob)]).toEqual(["waiting", "waiting"]);
    expect(await openMatches()).toEqual([]);
  });

  it("that does not come in time lets who did answer wait on", async () => {
    const { matchId, meetingId } = await matched();
    await calls.say(ann, matchId, "accepted");
    await test.advanceTime(16 * 60_000);
    await sweep();
    expect([await statusOf(ann), await statusOf(bob)]).toEqual(["waiting", "expired"]);
    expect(await meeting(ann, meetingId)).toMatchObject({ state: "cancelled" });
    const late = { matchId, outcome: "accepted" };
    expect(await refusalOf(bob, `${analytics}:submitMatchFeedback`, late)).toMatchObject({
      metadata: { reason: "lapsed" },
    });
  });

  it("is not waited for of somebody who has been deactivated", async () => {
    const { meetingId } = await accepted();
    await test.sql("UPDATE users SET is_active = false WHERE id = $1", [bob.id]);
    await sweep();
    expect(await statusOf(ann)).toBe("waiting");
    expect(await meeting(ann, meetingId)).toMatchObject({ state: "cancelled" });
  });

  it("is theirs alone", async () => {
    const { matchId } = await matched();
    const stranger = await calls.seeker({ orgId: "org_c", orgRole: "admin" });
    for (const id of [matchId, "match_none"]) {
      const args = { matchId: id, outcome: "accepted" };
      expect(await refusalOf(stranger, `${analytics}:submitMatchFeedback`, args)).toMatchObject({
        code: "NOT_FOUND",
      });
    }
    const rated = { matchId, outcome: "accepted", feedback: { rating: 6 } };
    expect(await refusalOf(ann, `${analytics}:submitMatchFeedback`, rated)).toMatchObject({
      metadata: { field: "feedback.rating" },
    });
  });

  it("that they have met comes after both accepted and the time has come", async () => {
    await calls.enter(ann, { from: hour });
    await calls.enter(bob, { from: hour });
    await cycle();
    const { matchId } = (await calls.current(ann)) as Current;
    const complete = { matchId, outcome: "completed" };
    const refused = () => refusalOf(ann, `${analytics}:submitMatchFeedback`, complete);
    expect(await refused()).toMatchObject({ metadata: { reason: "not_accepted" } });
    await calls.say(ann, matchId, "accepted");
    await calls.say(bob, matchId, "accepted");
    expect(await refused()).toMatchObject({ metadata: { reason: "not_begun" } });
    await test.advanceTime(hour);
    await calls.say(ann, matchId, "completed", { rating: 5 });
    await calls.say(bob, matchId, "completed", { rating: 3 });
    expect(await stage.call(ann.identity, `${analytics}:getMatchingStats`)).toMatchObject({
      ...{ totalMatches: 1, acceptedMatches: 1, completedMatches: 1, successRate: 1 },
      averageRating: 5,
    });
    // Both may wait again.
    await calls.enter(ann);
    expect(await statusOf(ann)).toBe("waiting");
  });

  it("keeps who is matched from entering until the meeting is over", async () => {
    const { meetingId } = await accepted();
    await expect(calls.enter(ann)).rejects.toThrow(/matched/);
    const leave = await refusalOf(ann, `${queue}:cancelQueueEntry`, {
      queueId: (await calls.status(ann))?._id,
    });
    expect(leave).toMatchObject({ metadata: { reason: "matched" } });
    await stage.call(ann.identity, "meetings/lifecycle:startMeeting", { meetingId });
    await stage.call(bob.identity, "meetings/lifecycle:endMeeting", { meetingId });
    await calls.enter(ann);
    expect(await statusOf(ann)).toBe("waiting");
  });

  it("keeps nobody once one of the two is taken out of the running meeting", async () => {
    const { matchId, meetingId } = await accepted();
    await stage.call(ann.identity, "meetings/lifecycle:startMeeting", { meetingId });
    await remove(ann, meetingId, bob);
    expect(await openMatches()).toEqual([]);
    expect(await meeting(ann, meetingId)).toMatchObject({ state: "active" });
    await calls.say(bob, matchId, "completed");
    await calls.enter(ann);
    expect(await statusOf(ann)).toBe("waiting");
  });

  it.each<[string, number, (meetingId: string) => Promise<unknown>]>([
    ["keeps nobody whose partner has left too", 0, (meetingId) => leave(bob, meetingId)],
    [
      "keeps nobody whose partner was deactivated",
      0,
      () => test.sql("UPDATE users SET is_active = false WHERE id = $1", [bob.id]),
    ],
    ["keeps who left while the other stays", 2, async () => undefined],
  ])("%s", async (_, open, happens) => {
    const { meetingId } = await accepted();
    await stage.call(ann.identity, "meetings/lifecycle:startMeeting", { meetingId });
    for (const who of [ann, bob])
      await stage.call(who.identity, "meetings/lifecycle:joinMeeting", { meetingId });
    await leave(ann, meetingId);
    await happens(meetingId);
    await test.advanceTime(61_000);
    await sweep();
    expect(await openMatches()).toHaveLength(open);
    expect(await test.sql("SELECT state FROM matches")).toEqual([{ state: "accepted" }]);
  });
  const leave = (who: Seeker, meetingId: string) =>
    stage.call(who.identity, "meetings/lifecycle:leaveMeeting", { meetingId });

  it("keeps those who left for a moment", async () => {
    const { meetingId } = await accepted();
    await stage.call(ann.identity, "meetings/lifecycle:startMeeting", { meetingId });
    await stage.call(ann.identity, "meetings/lifecycle:joinMeeting", { meetingId });
    await test.advanceTime(120_000);
    await leave(ann, meetingId);
    await sweep();
    expect(await openMatches()).toHaveLength(2);
  });
});

describe("administrators", () => {
  const force = (queueId: string, status: string, more: object = {}) =>
    stage.call(admin, `${queue}:updateQueueStatus`, { queueId, status, ...more });

  it("see who of their organisation waits", async () => {
    const boss = await calls.seeker({ orgId: "org_d", orgRole: "admin" });
    const dan = await calls.seeker({ orgId: "org_d" });
    await calls.enter(ann);
    const entryId = await calls.enter(dan);
    const list = (who: typeof admin | Seeker["identity"], args: object = {}) =>
      stage.call<Status[]>(who, `${queue}:getActiveQueueEntries`, args);
    expect((await list(boss.identity)).map(({ _id }) => _id)).toEqual([entryId]);
    expect(await list(admin)).toHaveLength(2);
    expect(await list(admin, { limit: 1 })).toHaveLength(1);
  });

  it("change an entry with all that follows", async () => {
    const [one, two] = [
      await calls.enter(ann, { constraints: { interests: ["Chess"] } }),
      await calls.enter(bob, { constraints: { interests: ["Go"] } }),
    ];
    await force(one, "matched", { matchedWith: bob.id });
    const { meetingId } = (await calls.current(ann)) as Current;
    await force(two, "cancelled");
    expect([await statusOf(ann), await statusOf(bob)]).toEqual(["waiting", undefined]);
    expect(await meeting(ann, meetingId)).toMatchObject({ state: "cancelled" });
    await force(one, "expired");
    expect(await statusOf(ann)).toBe("expired");
    await force(one, "waiting");
    expect(await statusOf(ann)).toBe("waiting");
    for (const args of [
      { queueId: one, status: "matched" },
      { queueId: one, status: "matched", matchedWith: bob.id },
    ])
      expect(await stage.refusal(admin, `${queue}:updateQueueStatus`, args)).toMatchObject({
        metadata: { field: "matchedWith" },
      });
    expect(
      await refusalOf(ann, `${queue}:updateQueueStatus`, { queueId: one, status: "waiting" }),
    ).toMatchObject({ code: "FORBIDDEN" });
  });

  it("read true figures of their organisation's matches", async () => {
    const boss = await calls.seeker({ orgId: "org_e", orgRole: "admin" });
    const [dan, eve] = [await calls.seeker({ orgId: "org_e" }), await calls.seeker()];
    await accepted();
    const { matchId } = await matched(dan, eve);
    await calls.say(dan, matchId, "declined");
    const figures = (who: typeof admin | Seeker["identity"]) =>
      stage.call<object>(who, `${analytics}:getGlobalMatchingAnalytics`, {});
    expect(await figures(boss.identity)).toMatchObject({
      totalMatches: 1,
      outcomeDistribution: { accepted: 0, declined: 1, completed: 0 },
    });
    expect(await figures(admin)).toMatchObject({
      totalMatches: 2,
      averageScore: expect.closeTo(1),
      outcomeDistribution: { accepted: 1, declined: 1, completed: 0 },
      matchingTrends: [{ date: new Date(await now()).toISOString().slice(0, 10), matchCount: 2 }],
    });
  });

  it("tune the weights from a hundred outcomes on, and keep what was before", async () => {
    const { matchId } = await matched();
    await calls.say(bob, matchId, "declined");
    const tune = (args: object = {}) =>
      stage.outcome(admin, `${analytics}:optimizeMatchingWeights`, args);
    expect(await tune()).toMatchObject({
      refusal: { metadata: { reason: "too_few_samples", samples: 1 } },
    });
    // Those with the same language met, whatever else they shared.
    await test.sql(`INSERT INTO meetings (id, organizer_id, title, duration_ms, tier, recording_permitted, transcription_enabled, max_participants)
      SELECT 'meeting_t' || n, '${ann.id}', 'T', 1, 'free', false, false, 2 FROM generate_series(1, 120) n`);
    await test.sql(`INSERT INTO matches (id, meeting_id, state, score, features, weights, reasons, starts_at, ends_at, answer_by)
      SELECT 'match_t' || n, 'meeting_t' || n, CASE WHEN n % 2 = 0 THEN 'completed' ELSE 'declined' END, 0.8,
        jsonb_build_object('languageOverlap', (n + 1) % 2, 'interestOverlap', (n % 7) / 7.0), '{}', '{}', app_now(), app_now(), app_now()
      FROM generate_series(1, 120) n`);
    const { value } = (await tune({ minSamples: 100 })) as {
      value: { improvement: number; optimizedWeights: Record<string, number>; sampleSize: number };
    };
    expect(value.sampleSize).toBe(121);
    expect(value.improvement).toBeGreaterThan(0);
    expect(value.optimizedWeights["languageOverlap"]).toBeGreaterThan(0.15);
    await tune();
    const versions = await test.sql("SELECT version FROM matching_weights ORDER BY version");
    expect(versions).toEqual([{ version: 1 }, { version: 2 }]);
    expect(
      await stage.refusal(admin, `${analytics}:optimizeMatchingWeights`, { minSamples: 99 }),
    ).toMatchObject({
      metadata: { field: "minSamples" },
    });
  });
});

describe("a comparison", () => {
  const compare = (who: Seeker, one: Seeker, other: Seeker, more: object = {}) =>
    stage.outcome(who.identity, "matching/scoring:calculateCompatibilityScore", {
      ...{ user1Id: one.id, user2Id: other.id },
      user1Constraints: { interests: ["Chess"], roles: ["mentor"] },
      user2Constraints: { interests: ["chess", "Go"], roles: ["mentee"] },
      ...more,
    });

  it("is made of what is known, in words too", async () => {
    const { value } = (await compare(ann, ann, bob)) as {
      value: { score: number; features: Record<string, number>; explanation: string[] };
    };
    expect(value.features).toMatchObject({ languageOverlap: 0, roleComplementarity: 1 });
    expect(value.features).not.toHaveProperty("vectorSimilarity");
    expect(value.score).toBeCloseTo((0.25 * (2 / 3) + 0.05 + 0.05) / 0.35);
    expect(value.explanation).toEqual([
      "Both are interested in Chess",
      "One wants to talk as mentor, the other as mentee",
    ]);
  });

  it("takes in embeddings of both profiles, where one model has made both", async () => {
    type Compared = { value: { score: number; features: Record<string, number> } };
    const vectors = vectorProcess();
    stage.services.meaning = { embedder: vectors, scan: vectors };
    const embed = async (who: Seeker, content: string) =>
      expect(
        await stage.call(admin, "embeddings/actions:generateEmbedding", {
          ...{ sourceType: "user", sourceId: who.id, content },
        }),
      ).toMatchObject({ success: true });
    const compared = async (other: Seeker) => ((await compare(ann, ann, other)) as Compared).value;
    const cleo = await calls.seeker({ name: "Cleo" });
    try {
      await embed(ann, "I build mobile apps and love programming for Android phones.");
      expect((await compared(bob)).features).not.toHaveProperty("vectorSimilarity");
      await embed(bob, "Software developer who writes applications for smartphones.");
      await embed(cleo, "I bake bread and grow vegetables in my garden.");
      const [his, hers] = [await compared(bob), await compared(cleo)];
      const [near, far] = [his, hers].map(({ features }) => features["vectorSimilarity"] ?? -1);
      expect(near).toBeGreaterThan(0.4);
      expect(far).toBeLessThan((near ?? 0) - 0.1);
      expect(his.score).toBeCloseTo((0.25 * (2 / 3) + 0.2 * (near ?? 0) + 0.05 + 0.05) / 0.55);
      expect(hers.score).toBeLessThan(his.score);

      // Both have as much in common with Ann otherwise, and Cleo has waited longer than Bob.
      for (const who of [ann, cleo, bob]) await calls.enter(who);
      await cycle();
      expect(await calls.current(ann)).toMatchObject({ partner: { userId: bob.id } });
      expect(
        await test.sql("SELECT (features->>'vectorSimilarity')::float8 AS v FROM matches"),
      ).toEqual([{ v: near }]);
      const { featureImportance } = await stage.call<{ featureImportance: object[] }>(
        ...([admin, `${analytics}:getGlobalMatchingAnalytics`, {}] as const),
      );
      expect(featureImportance).toContainEqual(
        expect.objectContaining({ feature: "vectorSimilarity", averageScore: near }),
      );

      // Another model in use: what the old one made is not compared.
      await test.sql("UPDATE vector_indexes SET is_active = false");
      expect((await compared(bob)).features).not.toHaveProperty("vectorSimilarity");
    } finally {
      stage.services.meaning = undefined;
      vectors.close();
      await test.sql("DELETE FROM embeddings");
      await test.sql("DELETE FROM vector_indexes");
    }
  });

  it("is for the two, and tells nothing of who is hidden", async () => {
    const cleo = await calls.seeker();
    expect(await compare(cleo, ann, bob)).toMatchObject({ refusal: { code: "FORBIDDEN" } });
    await stage.call(bob.identity, "settings/mutations:updateSettings", {
      profileVisibility: false,
    });
    expect(await compare(ann, ann, bob)).toMatchObject({ refusal: { code: "NOT_FOUND" } });
    expect(await compare(ann, ann, ann)).toMatchObject({
      refusal: { metadata: { field: "user2Id" } },
    });
  });
});

it("tells everybody who watches of every change", async () => {
  const boss = await calls.seeker({ orgId: "org_f", orgRole: "admin" });
  const watch = new KeyWatch(test, stage);
  for (const [name, { identity }] of Object.entries({ ann, bob }))
    watch.watch(name, identity, {
      [`${queue}:getQueueStatus`]: {},
      [`${queue}:getCurrentMatch`]: {},
      [`${analytics}:getMatchHistory`]: {},
      [`${analytics}:getMatchingStats`]: {},
      "meetings/queries:listUserMeetings": {},
    });
  watch.watch("admin", admin, {
    [`${analytics}:getGlobalMatchingAnalytics`]: {},
    [`${queue}:getActiveQueueEntries`]: {},
  });
  watch.watch("boss", boss.identity, { [`${queue}:getActiveQueueEntries`]: {} });
  let matchId = "";
  const changes: Record<string, () => Promise<unknown>> = {
    "ann enters": () => calls.enter(ann),
    "bob enters": () => calls.enter(bob),
    "ann leaves": () => stage.call(ann.identity, `${queue}:cancelQueueEntry`, {}),
    "ann is back": () => calls.enter(ann),
    "they are matched": async () => {
      await cycle();
      matchId = (await calls.current(ann))?.matchId ?? "";
    },
    "ann accepts": () => calls.say(ann, matchId, "accepted"),
    "bob accepts": () => calls.say(bob, matchId, "accepted"),
    "bob takes it back": () => calls.say(bob, matchId, "declined"),
  };
  for (const [what, change] of Object.entries(changes)) {
    const { stale, changed } = await watch.stale(change);
    expect(stale, what).toEqual([]);
    expect(changed, what).toBeGreaterThan(0);
  }
});

it("leaves an entry in the audit log of each step", async () => {
  const { matchId } = await matched();
  await calls.say(ann, matchId, "declined");
  const rows = await test.sql<{ action: string }>(
    "SELECT action FROM audit_logs WHERE resource_id = $1 OR actor_user_id = ANY($2) ORDER BY id",
    [matchId, [ann.id, bob.id]],
  );
  expect(rows.map(({ action }) => action)).toEqual(
    expect.arrayContaining(["queueEntry.enter", "match.create", "match.decline", "match.declined"]),
  );
});
