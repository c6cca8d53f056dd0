import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { UserIdentity } from "../../../src/auth/identity.ts";
import { silentLog } from "../../../src/core/log.ts";
import type { Database } from "../../../src/db/port.ts";
import { forgetQuotes } from "../../../src/insights/forget.ts";
import { startPromptLoop } from "../../../src/jobs/prompts.ts";
import { watchMeetings } from "../../../src/prompts/watch.ts";
import { converse } from "../support/conversation.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { KeyWatch } from "../support/declaredKeys.ts";
import {
  guestOf,
  type MeetingStage,
  meetingOf,
  meetingStage,
  person,
  userIdOf,
} from "../support/meetingCalls.ts";

interface Told {
  _id: string;
  content: string;
  tags: string[];
  relevance: number;
  createdAt: number;
  feedback?: string;
  usedAt?: number;
}
interface PreCall {
  promptIds: string[];
  generated: boolean;
  fromCache: boolean;
}

const queries = "prompts/queries";
let test: TestDatabase;
let stage: MeetingStage;
let ann: UserIdentity;
let bob: UserIdentity;
let ids: { ann: string; bob: string };
let meetingId: string;

beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());

async function meet(start: boolean) {
  await test.sql("UPDATE meetings SET state = 'concluded'");
  [ann, bob] = [person({ name: "Ann" }), person({ name: "Bob" })];
  ids = { ann: await userIdOf(stage, ann), bob: await userIdOf(stage, bob) };
  meetingId = await meetingOf(stage, ann, { start });
  await add(ids.bob);
}
const add = (userId: string, to = meetingId) =>
  stage.call(ann, "meetings/lifecycle:addParticipant", {
    meetingId: to,
    userId,
    role: "participant",
  });
const remove = (userId: string) =>
  stage.call(ann, "meetings/lifecycle:removeParticipant", { meetingId, userId });
const list = (name: string, who = bob, more: object = {}) =>
  stage.call<Told[]>(who, `${queries}:${name}`, { meetingId, ...more });
const react = (promptId: string, feedback: string, who = bob) =>
  stage.call(who, "prompts/mutations:updatePromptFeedback", { promptId, feedback });

describe("before a meeting", () => {
  const generate = (who = bob, more: object = {}) =>
    stage.call<PreCall>(who, "prompts/actions:generatePreCallIdeas", { meetingId, ...more });
  const contents = async () => (await list("getPreCallPrompts")).map(({ content }) => content);
  const like = (userId: string, key = "public-speaking") =>
    test.sql("INSERT INTO user_interests (user_id, interest_key) VALUES ($1, $2)", [userId, key]);
  const shared =
    "Ann and Bob are interested in Public speaking: what has each of them done there lately?";

  beforeEach(async () => {
    await meet(false);
    for (const userId of [ids.ann, ids.bob]) await like(userId);
  });

  it("people are told what they share, once, however often they ask", async () => {
    const answers = await Promise.all([generate(ann), generate(bob)]);
    expect(answers.map(({ generated }) => generated).sort()).toEqual([false, true]);
    const [first] = answers;
    for (let calls = 0; calls < 12; calls++)
      expect(await generate()).toEqual({
        ...{ promptIds: first?.promptIds, generated: false, fromCache: true },
      });
    expect(await contents()).toEqual([shared]);
  });

  it("others are made when they are asked for, ten times in five minutes", async () => {
    const { promptIds } = await generate();
    await like(ids.ann, "sustainability");
    await like(ids.bob, "sustainability");
    for (let calls = 0; calls < 10; calls++) {
      const again = await generate(bob, { forceRegenerate: true });
      expect(again).toMatchObject({ generated: true, fromCache: false });
      expect(again.promptIds).toHaveLength(2);
      expect(again.promptIds).not.toContain(promptIds[0]);
    }
    const wish = { meetingId, forceRegenerate: true };
    const refused = await stage.refusal(bob, "prompts/actions:generatePreCallIdeas", wish);
    expect(refused).toMatchObject({
      code: "RATE_LIMIT_EXCEEDED",
      metadata: { action: "promptGeneration" },
    });
    expect(await generate()).toMatchObject({ fromCache: true });
  });

  it("nothing is made up where nothing is known", async () => {
    await test.sql("DELETE FROM user_interests");
    expect(await generate()).toEqual({ promptIds: [], generated: false, fromCache: false });
    expect(await contents()).toEqual([]);
  });

  it("nothing is told of a profile that is hidden, also since", async () => {
    await generate();
    const watch = new KeyWatch(test, stage);
    watch.watch("bob", bob, { [`${queries}:getPreCallPrompts`]: { meetingId } });
    const show = (profileVisibility: boolean) => () =>
      stage.call(ann, "settings/mutations:updateSettings", { profileVisibility });
    expect(await watch.stale(show(false))).toEqual({ stale: [], changed: 1 });
    expect(await contents()).toEqual([]);
    expect(await watch.stale(show(true))).toEqual({ stale: [], changed: 1 });
    await show(false)();
    expect(await generate(bob, { forceRegenerate: true })).toMatchObject({ generated: false });
  });

  it("ideas are of those who are in it", async () => {
    await generate();
    const cleo = person({ name: "Cleo" });
    const cleoId = await userIdOf(stage, cleo);
    await add(cleoId);
    expect(await contents()).toEqual([]);
    await generate();
    await remove(cleoId);
    expect(await contents()).toEqual([]);
    await generate();
    expect(await contents()).toEqual([shared]);
    expect(await stage.refusal(cleo, `${queries}:getPreCallPrompts`, { meetingId })).toMatchObject({
      code: "NOT_FOUND",
    });
  });

  it("none are made once it is over", async () => {
    await stage.call(ann, "meetings/lifecycle:cancelMeeting", { meetingId });
    expect(await generate(bob, { forceRegenerate: true })).toEqual({
      ...{ promptIds: [], generated: false, fromCache: true },
    });
  });

  async function lastMeeting() {
    const earlier = await meetingOf(stage, ann);
    await add(ids.bob, earlier);
    await converse(test, earlier, [[ids.bob, "I will fix the login page by Thursday."]]);
    await stage.call(ann, "meetings/lifecycle:endMeeting", { meetingId: earlier });
    await stage.call(ann, "insights/generation:generateInsights", { meetingId: earlier });
    return earlier;
  }

  it("people are told what they left open, which goes with what it quotes", async () => {
    const earlier = await lastMeeting();
    await generate();
    const open =
      "In “Planning” this was left to do: Bob: fix the login page (by Thursday). How far is it?";
    expect(await contents()).toEqual([open, shared]);
    await test.db.transaction((tx) => forgetQuotes(tx, earlier));
    expect(await contents()).toEqual([shared]);
  });

  it("nobody learns what was said where they were not", async () => {
    await lastMeeting();
    const { userId } = await guestOf(stage, ann, meetingId);
    expect(userId).toBeDefined();
    await generate();
    expect(await contents()).toEqual([shared]);
  });
});

describe("in a running meeting", () => {
  beforeEach(async () => {
    await meet(true);
    for (const who of [ann, bob])
      await stage.call(who, "meetings/lifecycle:joinMeeting", { meetingId });
  });

  const talk = () =>
    converse(test, meetingId, [
      [ids.ann, "The marketing budget for autumn is too small."],
      [ids.bob, "The marketing budget grew by ten percent."],
    ]);
  const look = async (afterMs = 0) => {
    if (afterMs > 0) await test.advanceTime(afterMs);
    await watchMeetings(test.db, 100);
  };
  const told = async () => (await list("getInCallPrompts")).map(({ content }) => content);
  const topic = "You were at “percent”, “ten” and “budget”: what is the next step there?";

  it("a silence is noticed by itself, and told to those who watch", async () => {
    await talk();
    await look();
    expect(await told()).toEqual([]);
    const watch = new KeyWatch(test, stage);
    for (const [name, who] of Object.entries({ ann, bob }))
      watch.watch(name, who, {
        [`${queries}:getInCallPrompts`]: { meetingId },
        [`${queries}:subscribeToInCallPrompts`]: { meetingId },
      });
    expect(await watch.stale(() => look(45_000))).toEqual({ stale: [], changed: 4 });
    const [prompt] = await list("getInCallPrompts");
    expect(prompt?.content).toMatch(/^You were at .*“budget”/);
    const followed = await stage.call<{ prompts: Told[]; lastUpdated: number }>(
      ...([ann, `${queries}:subscribeToInCallPrompts`, { meetingId }] as const),
    );
    expect(followed).toEqual({ prompts: [prompt], lastUpdated: prompt?.createdAt });
  });

  it("it is told once, by however many nodes, and not again when it was dismissed", async () => {
    await talk();
    await test.advanceTime(45_000);
    await Promise.all([look(), look(), look()]);
    const [prompt] = await list("getInCallPrompts");
    expect(await list("getInCallPrompts")).toHaveLength(1);
    await react(prompt?._id ?? "", "dismissed");
    expect(await told()).toEqual([]);
    for (let looks = 0; looks < 5; looks++) await look(31_000);
    expect(await told()).not.toContain(prompt?.content);
  });

  it("nothing is told of lines that are deleted while it is thought of", async () => {
    await talk();
    await look();
    await test.advanceTime(45_000);
    let reads = 0;
    const slow: Database = {
      ...test.db,
      transaction: test.db.transaction.bind(test.db),
      read: async (work) => {
        const value = await test.db.read(work);
        if (reads++ === 0)
          await stage.call(ann, "transcripts/mutations:deleteTranscript", { meetingId });
        return value;
      },
    };
    await watchMeetings(slow, 100);
    expect(reads).toBe(1);
    expect(await told()).toEqual([]);
  });

  it("a meeting in which nobody has spoken costs nothing", async () => {
    await look(120_000);
    expect(
      await test.sql("SELECT * FROM prompt_watches WHERE meeting_id = $1", [meetingId]),
    ).toEqual([]);
    expect(await told()).toEqual([]);
  });

  it("who speaks nearly all the time is told from what was measured, with no line written down", async () => {
    await test.advanceTime(120_000);
    const spoke = (who: UserIdentity, userId: string, speakingDurationMs: number) =>
      stage.call(who, "meetings/stateTracking:updateSpeakingStats", {
        ...{ meetingId, userId, speakingDurationMs },
      });
    await spoke(ann, ids.ann, 95_000);
    await spoke(bob, ids.bob, 5_000);
    await look();
    expect(await told()).toEqual([
      "Bob has hardly spoken in this meeting, Ann 95% of the time: what do they think?",
    ]);
    await look(60_000);
    expect(await told()).toHaveLength(1);
  });

  it("nothing more comes once it has ended", async () => {
    await talk();
    await look();
    await stage.call(ann, "meetings/lifecycle:endMeeting", { meetingId });
    await look(60_000);
    expect(await told()).toEqual([]);
    expect(
      await test.sql("SELECT * FROM prompt_watches WHERE meeting_id = $1", [meetingId]),
    ).toEqual([]);
  });

  it("the newest ten are kept, and three come at a time", async () => {
    const boxes = Array.from(
      { length: 30 },
      (_, index) => `- [ ] Ask partner${index} about venue${index}`,
    );
    await stage.call(bob, "notes/mutations:applyNoteOperation", {
      ...{ meetingId, clientSequence: 0 },
      operation: { type: "insert", position: 0, content: boxes.join("\n") },
    });
    await talk();
    let before = 0;
    for (let looks = 0; looks < 8; looks++) {
      await look(80_000);
      const spokenMs = (looks + 1) * 80_000;
      await converse(test, meetingId, [[ids.bob, "The marketing budget grew."]], {
        fromMs: spokenMs,
      });
      await stage.call(bob, "meetings/stateTracking:recordActivity", {
        ...{ meetingId, activityType: "message" },
      });
      const [row] = await test.sql<{ told: string }>(
        "SELECT coalesce(array_length(told, 1), 0) AS told FROM prompt_watches WHERE meeting_id = $1",
        [meetingId],
      );
      const now = Number(row?.told ?? 0);
      expect(now - before).toBeLessThanOrEqual(3);
      before = now;
    }
    const { prompts } = await stage.call<{ prompts: Told[] }>(
      ...([ann, `${queries}:subscribeToInCallPrompts`, { meetingId }] as const),
    );
    expect(before).toBeGreaterThan(10);
    expect(prompts).toHaveLength(10);
    expect(new Set(prompts.map(({ content }) => content)).size).toBe(prompts.length);
  });

  it("goes on by a loop", async () => {
    await talk();
    await test.advanceTime(45_000);
    const sleeps: number[] = [];
    let slept: (() => void) | undefined;
    const once = new Promise<void>((resolve) => {
      slept = resolve;
    });
    const clock = {
      now: () => Date.now(),
      sleep: (ms: number, signal?: AbortSignal) => {
        sleeps.push(ms);
        slept?.();
        return new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
      },
    };
    const loop = startPromptLoop({ db: test.db, clock, log: silentLog });
    await once;
    await loop.stop();
    expect(sleeps).toEqual([5_000]);
    expect(await told()).toHaveLength(1);
  });

  it("what somebody said of it is stored", async () => {
    await talk();
    await look(45_000);
    const [prompt] = await list("getInCallPrompts");
    const promptId = prompt?._id ?? "";
    await react(promptId, "upvoted", ann);
    expect(await list("getInCallPrompts")).toMatchObject([{ feedback: "upvoted" }]);
    await react(promptId, "used");
    const [used] = await list("getInCallPrompts");
    expect(used).toMatchObject({ feedback: "used", usedAt: expect.any(Number) });
    await react(promptId, "used");
    const stranger = { promptId, feedback: "used" };
    expect(
      await stage.refusal(person(), "prompts/mutations:updatePromptFeedback", stranger),
    ).toMatchObject({ code: "NOT_FOUND" });
    expect(
      await stage.refusal(bob, "prompts/mutations:updatePromptFeedback", {
        promptId: "prompt_none",
        feedback: "used",
      }),
    ).toMatchObject({ code: "NOT_FOUND" });
    expect(
      await stage.refusal(bob, "prompts/mutations:updatePromptFeedback", {
        promptId,
        feedback: "hated",
      }),
    ).toMatchObject({ code: "VALIDATION_ERROR" });
  });

  it("what tells of somebody goes with them, and of deleted lines with these", async () => {
    await test.sql(
      `INSERT INTO prompts (id, meeting_id, type, content, tags, relevance, about_user_ids)
       VALUES ($1 || 'a', $1, 'incall', 'Bob has not spoken', '{}', 0.7, ARRAY[$2]), ($1 || 'b', $1, 'incall', '${topic}', '{}', 0.7, '{}')`,
      [meetingId, ids.bob],
    );
    await remove(ids.bob);
    expect((await list("getInCallPrompts", ann)).map(({ content }) => content)).toEqual([topic]);
    await test.db.transaction((tx) => forgetQuotes(tx, meetingId));
    expect(await list("getInCallPrompts", ann)).toEqual([]);
  });

  it("lists are bounded", async () => {
    for (const name of ["getInCallPrompts", "getPreCallPrompts"])
      expect(
        await stage.refusal(bob, `${queries}:${name}`, { meetingId, limit: 101 }),
      ).toMatchObject({
        ...{ code: "VALIDATION_ERROR", metadata: { field: "limit" } },
      });
  });
});
