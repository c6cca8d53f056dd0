import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { UserIdentity } from "../../../src/auth/identity.ts";
import type { Database } from "../../../src/db/port.ts";
import { generateInsights } from "../../../src/insights/generate.ts";
import { deleteRecording } from "../../../src/recordings/lifecycle/deleteRecording.ts";
import { startRecording } from "../../../src/recordings/lifecycle/start.ts";
import { converse, type Spoken } from "../support/conversation.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { KeyWatch } from "../support/declaredKeys.ts";
import {
  type MeetingStage,
  meetingOf,
  meetingStage,
  person,
  userIdOf,
} from "../support/meetingCalls.ts";

interface Told {
  _id: string;
  summary: string;
  actionItems: string[];
  links: { type: string; url: string; title: string }[];
  recommendations: { type: string; content: string; confidence: number }[];
  meetingTitle: string;
}

const queries = "insights/queries";
const mutations = "insights/mutations";
const orgId = "org_of_insights";
const never = new AbortController().signal;

let test: TestDatabase;
let stage: MeetingStage;
let alice: UserIdentity;
let bob: UserIdentity;
let ids: { alice: string; bob: string };
let meetingId: string;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());
beforeEach(async () => {
  [alice, bob] = [person({ orgId, name: "Alice" }), person({ orgId, name: "Bob" })];
  ids = { alice: await userIdOf(stage, alice), bob: await userIdOf(stage, bob) };
  meetingId = await meetingOf(stage, alice);
  await stage.call(alice, "meetings/lifecycle:addParticipant", {
    ...{ meetingId, userId: ids.bob, role: "participant" },
  });
  for (const who of [alice, bob])
    await stage.call(who, "meetings/lifecycle:joinMeeting", { meetingId });
});

const conversation = (): Spoken[] => [
  [ids.alice, "The login page of the mobile app is broken on Android phones."],
  [ids.bob, "I will fix the login page by Thursday."],
  [ids.bob, "Alice, can you update the release notes of the app?", 6],
  [ids.alice, "Sure, tomorrow."],
  [ids.alice, "We decided to move the release of the mobile app to Friday.", 6],
];
/** So that all of a conversation was said by now. */
const beganEarlier = () =>
  test.sql("UPDATE meetings SET started_at = started_at - interval '10 minutes' WHERE id = $1", [
    meetingId,
  ]);
const say = (lines = conversation(), more = {}) => converse(test, meetingId, lines, more);
const end = () => stage.call(alice, "meetings/lifecycle:endMeeting", { meetingId });
const generate = (more: object = {}) =>
  stage.call<{ insightsGenerated: number; participantInsights: string[]; success: boolean }>(
    ...([alice, "insights/generation:generateInsights", { meetingId, ...more }] as const),
  );
const insightOf = (who: UserIdentity) =>
  stage.call<Told | null>(who, `${queries}:getMeetingInsights`, { meetingId });
const mine = async (who = alice) => {
  const insight = await insightOf(who);
  if (!insight) throw new Error("there is no insight");
  return insight;
};

describe("insights of a meeting", () => {
  it("are one for each person, their own first, with where it was said", async () => {
    await say();
    await end();
    expect(await generate()).toMatchObject({ success: true, insightsGenerated: 2 });
    const [hers, his] = [await mine(), await mine(bob)];
    expect(hers.actionItems).toEqual([
      "Alice: update the release notes of the app (tomorrow)",
      "Bob: fix the login page (by Thursday)",
    ]);
    expect(his.actionItems).toEqual(hers.actionItems.toReversed());
    expect(hers.summary).not.toBe(his.summary);
    expect(hers.summary).toContain("Decided:\n- You: We decided to move the release");
    expect(hers.summary).toMatch(/Taken word for word from the transcript, without AI\.$/);
    const url = `http://connvo.test/meetings/${meetingId}`;
    const link = { type: "transcript", url, title: "In the transcript" };
    expect(hers.links).toEqual([link, link]);
    expect(hers.recommendations.map(({ type, content }) => [type, content])).toEqual([
      ["follow-up", "Bob asked you: update the release notes of the app (tomorrow)"],
      ["follow-up", "Bob promised you: fix the login page (by Thursday)"],
    ]);
    expect(his.recommendations.map(({ content }) => content)).toEqual([
      "You asked Alice: update the release notes of the app (tomorrow)",
      "You promised Alice: fix the login page (by Thursday)",
    ]);
  });

  it("lead into the player at that second, without what was paused", async () => {
    const { recordingId } = await startRecording(stage.services, ids.alice, { meetingId });
    await say();
    await end();
    const [line] = await test.sql<{ at: string }>(
      "SELECT start_ms AS at FROM transcripts WHERE meeting_id = $1 AND text LIKE 'I will fix%'",
      [meetingId],
    );
    const at = Number(line?.at);
    const pauses = [{ atMs: 500, durationMs: 1_000, startedAt: at - 4_000, endedAt: at - 3_000 }];
    await test.sql(
      `UPDATE recordings SET state = 'ready', started_at = to_timestamp($2 / 1000.0), stopped_at = to_timestamp($3 / 1000.0),
         pauses = $4::jsonb WHERE id = $1`,
      [recordingId, at - 4_500, at + 1_000, JSON.stringify(pauses)],
    );
    await generate();
    const { links, actionItems } = await mine(bob);
    expect(actionItems[0]).toBe("Bob: fix the login page (by Thursday)");
    expect(links[0]).toEqual({
      ...{ type: "transcript", url: `http://connvo.test/watch/${recordingId}#t=3` },
      title: "At 00:03 of the recording",
    });
    // The rest was said when nothing was recorded.
    expect(links[1]?.url).toBe(`http://connvo.test/meetings/${meetingId}`);
  });

  it("take in what is open in the notes", async () => {
    const operation = {
      type: "insert",
      position: 0,
      content: "- [ ] Bob: order the badges\n- [x] Book a room",
    };
    await stage.call(bob, "notes/mutations:applyNoteOperation", {
      meetingId,
      operation,
      clientSequence: 0,
    });
    await end();
    await generate();
    expect(await mine()).toMatchObject({
      actionItems: ["Bob: order the badges"],
      links: [
        { type: "notes", url: `http://connvo.test/meetings/${meetingId}`, title: "In the notes" },
      ],
      summary: "Taken word for word from the notes, without AI.",
    });
  });

  it("are none where nothing was said", async () => {
    await say([
      [ids.alice, "Hello everybody."],
      [ids.bob, "Yes, fine."],
    ]);
    await end();
    expect(await generate()).toEqual({
      ...{ success: true, insightsGenerated: 0, participantInsights: [] },
    });
    expect(await insightOf(alice)).toBeNull();
  });

  it.each([
    ["runs", undefined],
    ["has not started", "scheduled"],
    ["was cancelled", "cancelled"],
  ])("are refused while it %s", async (_, state) => {
    if (state) await test.sql("UPDATE meetings SET state = $2 WHERE id = $1", [meetingId, state]);
    expect(
      await stage.refusal(alice, "insights/generation:generateInsights", { meetingId }),
    ).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { field: "meetingId", reason: "not_concluded", state: state ?? "active" },
    });
  });

  it("are there once, however often and at whatever time they are asked for", async () => {
    await say();
    await end();
    const answers = await Promise.all([
      generate(),
      generate(),
      generate({ forceRegenerate: true }),
    ]);
    const [first] = answers;
    for (const { participantInsights } of answers)
      expect(participantInsights.toSorted()).toEqual(first?.participantInsights.toSorted());
    expect(first?.participantInsights).toHaveLength(2);
    expect(await generate()).toMatchObject({ insightsGenerated: 0 });
    await say([[ids.bob, "I will also book the hotel rooms for Berlin.", 60]]);
    expect(await generate()).toMatchObject({ insightsGenerated: 0 });
    expect((await mine(bob)).actionItems).toHaveLength(2);
    const again = await generate({ forceRegenerate: true });
    expect(again.insightsGenerated).toBe(2);
    expect(again.participantInsights.toSorted()).toEqual(first?.participantInsights.toSorted());
    expect((await mine(bob)).actionItems).toContain("Bob: book the hotel rooms for Berlin");
  });

  it("may be asked for ten times in five minutes", async () => {
    await say();
    await end();
    for (let calls = 0; calls < 10; calls++) await generate();
    expect(
      await stage.refusal(alice, "insights/generation:generateInsights", { meetingId }),
    ).toMatchObject({ code: "RATE_LIMIT_EXCEEDED", metadata: { action: "insightGeneration" } });
  });

  it("are told to those who watch", async () => {
    await say();
    await end();
    const watch = new KeyWatch(test, stage);
    for (const [name, who] of Object.entries({ alice, bob }))
      watch.watch(name, who, {
        [`${queries}:getMeetingInsights`]: { meetingId },
        [`${queries}:getUserInsights`]: {},
        [`${queries}:getConnectionRecommendations`]: {},
      });
    expect(await watch.stale(() => generate())).toEqual({ stale: [], changed: 6 });
    const { _id: insightId } = await mine();
    const remove = () => stage.call(alice, `${mutations}:deleteInsights`, { insightId });
    expect(await watch.stale(remove)).toEqual({ stale: [], changed: 3 });
  });
});

describe("an insight", () => {
  beforeEach(async () => {
    await say();
    await end();
    await generate();
  });

  it("is seen by its owner, and by administrators of the organisation of both, alone", async () => {
    const { _id: insightId } = await mine(bob);
    const see = (who: UserIdentity) =>
      stage.call<Told | null>(who, `${queries}:getInsightById`, { insightId });
    expect(await see(bob)).toMatchObject({ _id: insightId });
    expect(await see(person({ orgId, orgRole: "admin" }))).toMatchObject({ _id: insightId });
    for (const other of [alice, person(), person({ orgId: "org_other", orgRole: "admin" })])
      expect(await see(other)).toBeNull();
    await test.sql("UPDATE meetings SET org_id = 'org_other' WHERE id = $1", [meetingId]);
    for (const admin of [
      person({ orgId, orgRole: "admin" }),
      person({ orgId: "org_other", orgRole: "admin" }),
    ]) {
      expect(await see(admin)).toBeNull();
      const refused = await stage.refusal(admin, `${mutations}:deleteInsights`, { insightId });
      expect(refused.code).toBe("NOT_FOUND");
    }
    expect(
      await stage.call(bob, `${queries}:getInsightById`, { insightId: "insight_none" }),
    ).toBeNull();
  });

  it("is listed to its owner alone, page by page", async () => {
    const list = (who: UserIdentity, page: object = {}) =>
      stage.call<Told[]>(who, `${queries}:getUserInsights`, page);
    expect((await list(bob)).map(({ _id }) => _id)).toEqual([(await mine(bob))._id]);
    expect(await list(bob, { offset: 1 })).toEqual([]);
    expect(await list(person())).toEqual([]);
    for (const [field, page] of [
      ["limit", { limit: 101 }],
      ["offset", { offset: 10_001 }],
    ] as const)
      expect(await stage.refusal(bob, `${queries}:getUserInsights`, page)).toMatchObject({
        ...{ code: "VALIDATION_ERROR", metadata: { field } },
      });
  });

  it("takes feedback, a part at a time", async () => {
    const { _id: insightId } = await mine();
    const rate = (feedback: object) =>
      stage.call(alice, `${mutations}:updateInsightsFeedback`, { insightId, feedback });
    await rate({ read: true, rating: 4, notes: " Good. \nReally. " });
    await rate({ useful: false });
    const stored = () =>
      test.sql("SELECT is_read, is_useful, rating, remark FROM insights WHERE id = $1", [
        insightId,
      ]);
    expect(await stored()).toEqual([
      { is_read: true, is_useful: false, rating: 4, remark: "Good. \nReally." },
    ]);
    await rate({ notes: "" });
    expect(await stored()).toMatchObject([{ rating: 4, remark: null }]);
    for (const [field, feedback] of [
      ["rating", { rating: 6 }],
      ["rating", { rating: 0 }],
      ["rating", { rating: 2.5 }],
      ["notes", { notes: "x".repeat(1_001) }],
      ["notes", { notes: "a\u202eb" }],
    ] as const)
      expect(
        await stage.refusal(alice, `${mutations}:updateInsightsFeedback`, { insightId, feedback }),
      ).toMatchObject({ code: "VALIDATION_ERROR", metadata: { field } });
    expect(
      await stage.refusal(bob, `${mutations}:updateInsightsFeedback`, {
        insightId,
        feedback: { read: true },
      }),
    ).toMatchObject({ code: "NOT_FOUND" });
  });

  it("is gone once it is deleted, and of somebody else's deletion the log tells", async () => {
    const [hers, his] = [await mine(), await mine(bob)];
    await stage.call(alice, `${mutations}:deleteInsights`, { insightId: hers._id });
    expect(await insightOf(alice)).toBeNull();
    const again = await stage.refusal(alice, `${mutations}:deleteInsights`, {
      insightId: hers._id,
    });
    expect(again.code).toBe("NOT_FOUND");
    const admin = person({ orgId, orgRole: "admin" });
    await stage.call(admin, `${mutations}:deleteInsights`, { insightId: his._id });
    const logged = await test.sql(
      "SELECT action, actor_user_id, resource_id FROM audit_logs WHERE resource_type = 'insight'",
    );
    expect(logged).toEqual([
      {
        action: "insight.delete",
        actor_user_id: await userIdOf(stage, admin),
        resource_id: his._id,
      },
    ]);
  });

  it("does not come back, whoever makes all anew and whatever else is said", async () => {
    const { _id: insightId } = await mine(bob);
    await stage.call(bob, `${mutations}:deleteInsights`, { insightId });
    await say([[ids.bob, "I will also book the hotel rooms for Berlin."]], { fromMs: 60_000 });
    const { _id: hers } = await mine();
    for (const forceRegenerate of [false, true])
      expect((await generate({ forceRegenerate })).participantInsights).toEqual([hers]);
    await generateInsights(stage.services, meetingId, "stale", never);
    const speakerId = ids.alice;
    await stage.call(alice, "transcripts/mutations:deleteSpeakerLines", { meetingId, speakerId });
    expect((await generate()).participantInsights).toHaveLength(1);
    expect(await insightOf(bob)).toBeNull();
    expect(await stage.call(bob, `${queries}:getUserInsights`)).toEqual([]);
    await stage.call(alice, `${mutations}:deleteInsights`, { insightId: (await mine())._id });
    expect(await generate({ forceRegenerate: true })).toMatchObject({
      ...{ insightsGenerated: 0, participantInsights: [] },
    });
  });

  it("does not come back when it is deleted while all are made anew", async () => {
    const { _id: insightId } = await mine(bob);
    const { db } = stage.services;
    let reads = 0;
    const slow: Database = {
      ...db,
      transaction: db.transaction.bind(db),
      read: async (work) => {
        const value = await db.read(work);
        if (reads++ === 0) await stage.call(bob, `${mutations}:deleteInsights`, { insightId });
        return value;
      },
    };
    await generateInsights({ ...stage.services, db: slow }, meetingId, "all", never);
    expect(await insightOf(bob)).toBeNull();
    expect(await insightOf(alice)).not.toBeNull();
  });

  it("goes with whoever is taken out of the meeting", async () => {
    await stage.call(alice, "meetings/lifecycle:removeParticipant", { meetingId, userId: ids.bob });
    expect(await stage.call(bob, `${queries}:getUserInsights`)).toEqual([]);
    expect((await generate()).participantInsights).toEqual([(await mine())._id]);
  });
});

describe("what was heard in a recording", () => {
  async function recorded() {
    const { recordingId } = await startRecording(stage.services, ids.alice, { meetingId });
    await say(conversation().slice(0, 2), { recordingId });
    await say([[ids.bob, "Alice, please update the release notes of the app."]], {
      fromMs: 60_000,
    });
    await end();
    await test.sql("UPDATE recordings SET state = 'ready', deadline_at = NULL WHERE id = $1", [
      recordingId,
    ]);
    return () => stage.services.db.transaction((tx) => deleteRecording(tx, recordingId, ids.alice));
  }

  it("goes with it, and what is left is made again", async () => {
    const remove = await recorded();
    await generate();
    expect((await mine(bob)).actionItems).toHaveLength(2);
    await remove();
    expect(await insightOf(bob)).toBeNull();
    const [job] = await test.sql("SELECT meeting_id FROM insight_jobs WHERE meeting_id = $1", [
      meetingId,
    ]);
    expect(job).toBeDefined();
    await generate();
    expect((await mine(bob)).actionItems).toEqual(["Alice: update the release notes of the app"]);
  });

  it.each(["recording", "line"])(
    "does not come back when the %s is deleted meanwhile",
    async (which) => {
      await beganEarlier();
      const ofRecording = await recorded();
      const ofPerson = () =>
        stage.call(bob, "transcripts/mutations:deleteSpeakerLines", { meetingId });
      const remove = which === "recording" ? ofRecording : ofPerson;
      const { db } = stage.services;
      let reads = 0;
      const slow = {
        ...db,
        read: async <T>(work: Parameters<typeof db.read<T>>[0]) => {
          const value = await db.read(work);
          reads++;
          if (reads === 1) await remove();
          return value;
        },
        transaction: db.transaction.bind(db),
      } as typeof db;
      await generateInsights({ ...stage.services, db: slow }, meetingId, "missing", never);
      const left = which === "recording" ? ["Alice: update the release notes of the app"] : [];
      expect((await insightOf(bob))?.actionItems ?? []).toEqual(left);
    },
  );
});

describe("what was said", () => {
  const transcript = "transcripts/mutations";
  const lineIds = async () =>
    (
      await test.sql("SELECT id FROM transcripts WHERE meeting_id = $1 ORDER BY start_ms", [
        meetingId,
      ])
    ).map(({ id }) => String(id));

  beforeEach(async () => {
    await beganEarlier();
    await say();
    await end();
  });

  it.each([
    ["everything", "deleteTranscript", 0],
    ["what one person said", "deleteSpeakerLines", 1],
  ])("is in no insight once %s is deleted", async (_what, name, left) => {
    await generate();
    expect((await mine(bob)).actionItems).toContain("Bob: fix the login page (by Thursday)");
    const whose = name === "deleteSpeakerLines" ? { speakerId: ids.bob } : {};
    await stage.call(alice, `${transcript}:${name}`, { meetingId, ...whose });
    expect(await insightOf(bob)).toBeNull();
    await generate();
    const again = await insightOf(bob);
    expect(again === null ? 0 : 1).toBe(left);
    expect(JSON.stringify(again)).not.toContain("login page by");
  });

  it("is in them as it was corrected; the same text again changes nothing", async () => {
    await generate();
    const before = await mine(bob);
    const [, lineId = ""] = await lineIds();
    const correct = (text: string) =>
      stage.call(bob, `${transcript}:correctLine`, { meetingId, lineId, text });
    await correct("I will fix the login page by Thursday.");
    expect(await mine(bob)).toEqual(before);
    await correct("I will fix the search page by Friday.");
    expect(await insightOf(bob)).toBeNull();
    await generate();
    expect((await mine(bob)).actionItems).toContain("Bob: fix the search page (by Friday)");
  });
});

describe("recommendations", () => {
  const interest = async (userId: string, key: string) =>
    test.sql("INSERT INTO user_interests (user_id, interest_key) VALUES ($1, $2)", [userId, key]);
  const recommended = (who = alice, wish: object = {}) =>
    stage.call<{ type: string; content: string; confidence: number; meetingId: string }[]>(
      ...([who, `${queries}:getConnectionRecommendations`, wish] as const),
    );

  beforeEach(async () => {
    for (const userId of [ids.alice, ids.bob]) {
      await interest(userId, "public-speaking");
      await test.sql(
        `INSERT INTO profiles (id, user_id, display_name, field, goals)
         VALUES ('profile_' || $1, $1, 'Name', $2, $3) ON CONFLICT (user_id) DO UPDATE SET field = $2, goals = $3`,
        [userId, userId === ids.alice ? "Law" : "law ", "Finding investors for a startup"],
      );
    }
    await interest(ids.alice, "sustainability");
    await say(conversation().slice(0, 2));
    await end();
    await generate();
  });

  it("tell whom one met and what both have in common, and what is open", async () => {
    expect(await recommended()).toMatchObject([
      {
        type: "follow-up",
        content: "Bob promised you: fix the login page (by Thursday)",
        meetingId,
      },
      {
        type: "connection",
        content:
          "You and Bob are both interested in Public speaking, and work in the same field: Law, and have goals in common: finding, investors, startup.",
      },
    ]);
    expect(await recommended(alice, { limit: 1 })).toHaveLength(1);
    expect(await recommended(person())).toEqual([]);
    expect(
      await stage.refusal(alice, `${queries}:getConnectionRecommendations`, { limit: 101 }),
    ).toMatchObject({
      ...{ code: "VALIDATION_ERROR", metadata: { field: "limit" } },
    });
  });

  it("tell nothing of a profile that was hidden since", async () => {
    const watch = new KeyWatch(test, stage);
    watch.watch("alice", alice, {
      [`${queries}:getConnectionRecommendations`]: {},
      [`${queries}:getMeetingInsights`]: { meetingId },
    });
    const hide = () =>
      stage.call(bob, "settings/mutations:updateSettings", { profileVisibility: false });
    expect(await watch.stale(hide)).toEqual({ stale: [], changed: 2 });
    expect((await recommended()).map(({ type }) => type)).toEqual(["follow-up"]);
    expect((await mine()).recommendations.map(({ type }) => type)).toEqual(["follow-up"]);
    await generate({ forceRegenerate: true });
    expect((await recommended(bob)).map(({ type }) => type)).toEqual(["follow-up", "connection"]);
  });
});
