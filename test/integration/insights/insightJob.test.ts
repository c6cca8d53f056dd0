import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import type { Database, Tx } from "../../../src/db/port.ts";
import { startInsightLoop } from "../../../src/jobs/insights.ts";
import type { Loop } from "../../../src/jobs/loop.ts";
import { patience, takeTime } from "../../support/patience.ts";
import { converse } from "../support/conversation.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import {
  guestOf,
  type MeetingStage,
  meetingOf,
  meetingStage,
  person,
  userIdOf,
} from "../support/meetingCalls.ts";

takeTime();

let test: TestDatabase;
let stage: MeetingStage;
const loops: Loop[] = [];

beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());
beforeEach(() => test.sql("DELETE FROM insight_jobs"));
afterEach(() => Promise.all(loops.splice(0).map((loop) => loop.stop())));

/** A node; each is another server. */
function node(change: { db?: Database } = {}): Loop {
  const loop = startInsightLoop({ ...stage.services, ...change, nodeId: `node${loops.length}` });
  loops.push(loop);
  return loop;
}

/** A meeting of two that has ended, in which somebody promised something. */
async function ended(text = "I will fix the login page by Thursday.") {
  const host = person({ name: "Alice" });
  const hostId = await userIdOf(stage, host);
  const meetingId = await meetingOf(stage, host);
  await guestOf(stage, host, meetingId);
  if (text !== "") await converse(test, meetingId, [[hostId, text]]);
  await stage.call(host, "meetings/lifecycle:endMeeting", { meetingId });
  return { meetingId, host, hostId };
}

const insightsOf = async (meetingId: string) =>
  (
    await test.sql<{ actionItems: { text: string }[] }>(
      `SELECT action_items AS "actionItems" FROM insights WHERE meeting_id = $1`,
      [meetingId],
    )
  ).map(({ actionItems }) => actionItems.map(({ text }) => text));
const jobs = () =>
  test.sql<{ attempts: number; error: string | null; next_at: Date | null }>(
    "SELECT * FROM insight_jobs",
  );
const soon = (check: () => Promise<void>) => vi.waitFor(check, patience);
const done = () => soon(async () => expect(await jobs()).toEqual([]));
const item = "Alice: fix the login page (by Thursday)";

it("makes the insights of a meeting by itself, half a minute after its end", async () => {
  const { meetingId } = await ended();
  node();
  expect(await jobs()).toHaveLength(1);
  expect(await insightsOf(meetingId)).toEqual([]);
  await test.advanceTime(30_000);
  await done();
  expect(await insightsOf(meetingId)).toEqual([[item], [item]]);
});

it("makes none where nothing was said", async () => {
  const { meetingId } = await ended("");
  await test.advanceTime(30_000);
  node();
  await done();
  expect(await insightsOf(meetingId)).toEqual([]);
});

it("waits for those who listen to its recordings, until they have given up", async () => {
  const { meetingId, hostId } = await ended();
  await test.sql(
    `INSERT INTO recordings (id, meeting_id, room_id, provider, quality, layout, audio_only, max_duration_ms, state,
       started_by, requested_at) VALUES ($1 || 'r', $1, $1, 'embedded', '720p', 'grid', true, 1000, 'ready', $2, app_now())`,
    [meetingId, hostId],
  );
  await test.sql("INSERT INTO recording_transcripts (recording_id) VALUES ($1)", [`${meetingId}r`]);
  await test.advanceTime(30_000);
  node();
  const before = (await jobs())[0]?.next_at?.getTime() ?? 0;
  await soon(async () => expect((await jobs())[0]?.next_at?.getTime()).toBeGreaterThan(before));
  expect(await insightsOf(meetingId)).toEqual([]);
  await test.sql("UPDATE recording_transcripts SET state = 'failed' WHERE recording_id = $1", [
    `${meetingId}r`,
  ]);
  await test.advanceTime(10_000);
  await done();
  expect(await insightsOf(meetingId)).toHaveLength(2);
});

it("does not wait for ever", async () => {
  const { meetingId, hostId } = await ended();
  await test.sql(
    `INSERT INTO recordings (id, meeting_id, room_id, provider, quality, layout, audio_only, max_duration_ms, state,
       started_by, requested_at) VALUES ($1 || 'r', $1, $1, 'embedded', '720p', 'grid', true, 1000, 'ready', $2, app_now())`,
    [meetingId, hostId],
  );
  await test.sql("INSERT INTO recording_transcripts (recording_id) VALUES ($1)", [`${meetingId}r`]);
  await test.advanceTime(12 * 3_600_000);
  node();
  await done();
  expect(await insightsOf(meetingId)).toHaveLength(2);
});

it("makes them anew of what was written down after a host had asked", async () => {
  const { meetingId, host, hostId } = await ended();
  await stage.call(host, "insights/generation:generateInsights", { meetingId });
  await converse(test, meetingId, [[hostId, "I will book the hotel rooms."]], { fromMs: 60_000 });
  await test.advanceTime(30_000);
  node();
  await done();
  const all = [item, "Alice: book the hotel rooms"];
  expect(await insightsOf(meetingId)).toEqual([all, all]);
});

it("is done once by many nodes", async () => {
  const meetings = await Promise.all([ended(), ended(), ended()]);
  await test.advanceTime(30_000);
  for (let nodes = 0; nodes < 3; nodes++) node();
  await done();
  for (const { meetingId } of meetings) expect(await insightsOf(meetingId)).toHaveLength(2);
});

/** What it writes of insights is never committed: `instead` happens, and after the first time nothing else, if it `dies`. */
function breaking(instead: () => Promise<never>, { dies = false } = {}): Database {
  const { db } = stage.services;
  let isDead = false;
  const transaction = <T>(work: (tx: Tx) => Promise<T>): Promise<T> =>
    db.transaction(async (tx) => {
      if (isDead) throw new Error("this node is dead");
      let isWriting = false;
      const value = await work({
        ...{ all: tx.all.bind(tx), first: tx.first.bind(tx), reads: tx.reads.bind(tx) },
        ...{ run: tx.run.bind(tx), afterCommit: tx.afterCommit.bind(tx) },
        writes: (...keys) => {
          isWriting ||= keys.some((key) => key.startsWith("insights:"));
          tx.writes(...keys);
        },
      });
      if (!isWriting) return value;
      isDead = dies;
      return instead();
    });
  return { ...db, read: db.read.bind(db), transaction };
}

it("is done by another node where one dies over it", async () => {
  const { meetingId } = await ended();
  await test.advanceTime(30_000);
  let died: (() => void) | undefined;
  const dead = new Promise<void>((resolve) => {
    died = resolve;
  });
  const instead = async () => {
    died?.();
    throw new Error("killed");
  };
  node({ db: breaking(instead, { dies: true }) });
  await dead;
  expect(await insightsOf(meetingId)).toEqual([]);
  expect(await jobs()).toMatchObject([{ attempts: 0 }]);
  await test.advanceTime(60_001);
  node();
  await done();
  expect(await insightsOf(meetingId)).toHaveLength(2);
});

it("is given up after some failures, which can be read", async () => {
  const { meetingId } = await ended();
  await test.advanceTime(30_000);
  node({ db: breaking(() => Promise.reject(new Error("no space left"))) });
  await soon(async () => {
    await test.advanceTime(600_000);
    expect(await jobs()).toMatchObject([{ attempts: 6, error: "no space left", next_at: null }]);
  });
  expect(await insightsOf(meetingId)).toEqual([]);
});
