import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { UserIdentity } from "../../../src/auth/identity.ts";
import { removeOldRows } from "../../../src/jobs/retention.ts";
import type { NoteOperation } from "../../../src/notes/textOperation.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import {
  guestOf,
  type MeetingStage,
  meetingOf,
  meetingStage,
  person,
} from "../support/meetingCalls.ts";

interface Synced {
  success: boolean;
  synced: number;
  failed: number;
  conflicts: number;
  errors: string[];
  newVersion: number;
  remainingInQueue: number;
}

type Queued = NoteOperation & { id: string; sequence: number };

let test: TestDatabase;
let stage: MeetingStage;
let host: UserIdentity;
let guest: UserIdentity;
let guestId: string;
let meetingId: string;
beforeAll(async () => {
  test = await testDatabase();
  stage = meetingStage(test);
});
afterAll(() => test.close());
beforeEach(async () => {
  host = person();
  meetingId = await meetingOf(stage, host);
  ({ identity: guest, userId: guestId } = await guestOf(stage, host, meetingId));
});

const clientId = "laptop";
const offline = (name: string) => `notes/offline:${name}`;
const ofClient = (more: object = {}) => ({ meetingId, clientId, ...more });
const queuedAs = (operation: Queued, change: object = {}) => ({
  ...{ authorId: guestId, clientId, queuedAt: 1, timestamp: 1, attempts: 0, status: "pending" },
  ...operation,
  ...change,
});
const insert = (id: string, sequence: number, position: number, content: string): Queued => ({
  ...{ id, sequence, type: "insert", position, content },
});
const queue = (...operations: Queued[]) =>
  stage.call<{ queued: number; queueId: string }>(
    ...([guest, offline("queueOfflineOperations")] as const),
    ofClient({ operations: operations.map((operation) => queuedAs(operation)) }),
  );
const queueRefusal = (operations: object[], more: object = {}) =>
  stage.refusal(guest, offline("queueOfflineOperations"), ofClient({ operations, ...more }));
const sync = (more: object = {}) =>
  stage.call<Synced>(guest, offline("syncOfflineOperations"), ofClient(more));
const status = (who = guest, more: object = {}) =>
  stage.call<Record<string, unknown>>(who, offline("getOfflineQueueStatus"), ofClient(more));
const apply = (who: UserIdentity, operation: NoteOperation, clientSequence: number) =>
  stage.call(who, "notes/mutations:applyNoteOperation", {
    ...{ meetingId, operation, clientSequence },
  });
const read = () =>
  stage.call<{ content: string; cursor: string }>(
    ...([guest, "realtime/subscriptions:subscribeMeetingNotes"] as const),
    { meetingId },
  );
const content = async () => (await read()).content;

describe("operations that were made offline", () => {
  it("are carried out once, however often they are sent", async () => {
    const keys = [..."abc"].map((key, index) => insert(`key-${index}`, 0, index, key));
    expect(await queue(...keys)).toMatchObject({ success: true, queued: 3 });
    expect(await queue(...keys)).toMatchObject({ success: true, queued: 0 });
    expect(await content()).toBe("");
    const done = { success: true, failed: 0, conflicts: 0, errors: [], remainingInQueue: 0 };
    expect(await sync()).toEqual({ ...done, synced: 3, newVersion: 1 });
    expect(await sync()).toEqual({ ...done, synced: 0, newVersion: 1 });
    await queue(...keys);
    expect(await sync()).toEqual({ ...done, synced: 0, newVersion: 1 });
    expect(await content()).toBe("abc");
  });

  it("are moved over what others wrote meanwhile", async () => {
    await apply(host, { type: "insert", position: 0, content: "one two" }, 0);
    await queue(
      insert("a", 1, 7, " three"),
      { id: "b", sequence: 1, type: "delete", position: 0, length: 4 },
      insert("c", 1, 9, "!"),
    );
    await apply(host, { type: "insert", position: 0, content: "zero " }, 1);
    expect(await sync()).toMatchObject({ synced: 3, conflicts: 3 });
    expect(await content()).toBe("zero two three!");
  });

  it("of one text may come in several calls, also while others write", async () => {
    await queue(insert("a", 0, 0, "a"), insert("b", 0, 1, "b"), insert("c", 0, 2, "c"));
    expect(await sync({ maxOperations: 2 })).toMatchObject({ synced: 2, remainingInQueue: 1 });
    await apply(host, { type: "insert", position: 1, content: "-" }, 1);
    await queue(insert("d", 0, 3, "d"));
    expect(await sync()).toMatchObject({ synced: 2, remainingInQueue: 0 });
    expect(await content()).toBe("a-bcd");
  });

  it("of a queue come with what was queued before", async () => {
    const { queueId } = await queue(insert("a", 0, 0, "a"));
    const second = await queue(insert("b", 0, 1, "b"));
    await queue(insert("c", 0, 2, "c"));
    expect(await sync({ queueId: second.queueId })).toMatchObject({
      ...{ synced: 2, remainingInQueue: 1 },
    });
    expect(await sync({ queueId })).toMatchObject({ synced: 0, remainingInQueue: 1 });
    expect(await sync({ queueId: "queue_none" })).toMatchObject({ synced: 0 });
    await sync();
    expect(await content()).toBe("abc");
  });

  it("fail one by one, with those that build on them, and can be tried again", async () => {
    await apply(host, { type: "insert", position: 0, content: "x".repeat(99_990) }, 0);
    await queue(
      insert("good", 1, 0, "A"),
      insert("bad", 1, 1, "B".repeat(20)),
      insert("after", 1, 21, "C"),
      insert("ahead", 7, 0, "D"),
    );
    const told = await sync();
    expect(told).toMatchObject({ success: false, synced: 1, failed: 3, remainingInQueue: 0 });
    const madeAfter = "It was made after an operation that could not be carried out";
    expect(told.errors).toEqual([
      "bad: The notes of a meeting may have 100000 characters at most",
      `after: ${madeAfter}`,
      "ahead: sequence is ahead of the notes, which are at 2",
    ]);
    await queue(insert("later", 1, 22, "E"));
    expect((await sync()).errors).toEqual([`later: ${madeAfter}`]);
    expect(await status()).toMatchObject({ failed: 4, synced: 1, queueHealth: "healthy" });
    await apply(host, { type: "delete", position: 50, length: 100 }, 2);
    const retry = (more: object = {}) =>
      stage.call(guest, offline("retryFailedOperations"), ofClient(more));
    expect(await retry({ maxRetries: 1 })).toEqual({ retriedCount: 0, successCount: 0 });
    expect(await retry()).toEqual({ retriedCount: 4, successCount: 3 });
    expect(await status()).toMatchObject({ failed: 1, synced: 4 });
    expect(await content()).toMatch(/^AB{20}CEx+$/);
    // Sent again, as by a client that was not told: it fails again, and is told again.
    expect(await queue(insert("ahead", 7, 0, "D"), insert("good", 1, 0, "A"))).toMatchObject({
      queued: 1,
    });
    expect(await sync()).toMatchObject({ synced: 0, failed: 1 });
  });

  it("are one person's own, by whatever name the client goes", async () => {
    await queue(insert("a", 0, 0, "guest"));
    const ofHost = queuedAs(insert("a", 0, 0, "host"));
    const hostId = await stage.call<{ _id: string }>(host, "users/queries:getCurrentUser");
    await stage.call(
      host,
      offline("queueOfflineOperations"),
      ofClient({ operations: [{ ...ofHost, authorId: hostId._id }] }),
    );
    expect(await status(host)).toMatchObject({ pending: 1 });
    await stage.call(host, offline("syncOfflineOperations"), ofClient());
    expect(await content()).toBe("host");
    expect(await status()).toMatchObject({ pending: 1, synced: 0 });
    expect(await queueRefusal([ofHost, { ...ofHost, authorId: hostId._id }])).toMatchObject({
      code: "FORBIDDEN",
      metadata: { field: "operations[1].authorId" },
    });
  });

  it("are refused where they cannot be, all of them", async () => {
    const good = queuedAs(insert("a", 0, 0, "a"));
    const bad = async (change: object) =>
      (await queueRefusal([good, { ...good, ...change }])).metadata;
    expect(await bad({ id: "" })).toMatchObject({ field: "operations[1].id" });
    expect(await bad({ clientId: "phone" })).toMatchObject({ field: "operations[1].clientId" });
    expect(await bad({ sequence: -1 })).toMatchObject({ field: "operations[1].sequence" });
    expect(await bad({ content: "" })).toMatchObject({ field: "operation.content", index: 1 });
    expect(await queueRefusal([])).toMatchObject({ metadata: { field: "operations" } });
    expect(await queueRefusal([good], { clientId: "a b" })).toMatchObject({
      metadata: { field: "clientId" },
    });
    expect(await status()).toMatchObject({ totalQueued: 0 });
    await queue(insert("a", 0, 0, "a"));
    expect(await queueRefusal([{ ...good, content: "another" }])).toMatchObject({
      code: "CONFLICT",
      metadata: { reason: "operation_id_reused", id: "a" },
    });
    await stage.call(host, "meetings/lifecycle:endMeeting", { meetingId });
    await sync();
    expect(await content()).toBe("a");
  });

  it("wait within limits", async () => {
    const many = (from: number) =>
      Array.from({ length: 200 }, (_, index) => insert(`key-${from + index}`, 0, 0, "x"));
    await queue(...many(0));
    await queue(...many(200));
    const operations = many(400).map((operation) => queuedAs(operation));
    expect(await queueRefusal(operations)).toMatchObject({
      code: "RATE_LIMIT_EXCEEDED",
      metadata: { action: "notes_offline_queue", limit: 500 },
    });
    expect(await sync({ maxOperations: 200 })).toMatchObject({ synced: 200 });
    await queue(...many(400));
    expect(await status()).toMatchObject({ pending: 400, queueHealth: "warning" });
    for (const bad of [0, 201])
      expect(
        await stage.refusal(
          guest,
          offline("syncOfflineOperations"),
          ofClient({ maxOperations: bad }),
        ),
      ).toMatchObject({ metadata: { field: "maxOperations" } });
  });

  it("keep the limit of what one writes in a minute, and wait meanwhile", async () => {
    await test.stopTime();
    for (let index = 0; index < 200; index += 1)
      await apply(guest, { type: "insert", position: 0, content: "x" }, index);
    await queue(insert("late", 200, 200, "!"));
    expect(await stage.refusal(guest, offline("syncOfflineOperations"), ofClient())).toMatchObject({
      code: "RATE_LIMIT_EXCEEDED",
      metadata: { retryAfterMs: 60_000 },
    });
    expect(await status()).toMatchObject({ pending: 1, failed: 0 });
    await test.advanceTime(60_001);
    expect(await status()).toMatchObject({ queueHealth: "warning" });
    expect(await sync()).toMatchObject({ synced: 1 });
  });
});

describe("what was carried out", () => {
  it("is remembered until it is cleared, or for a week", async () => {
    await test.stopTime();
    await queue(insert("a", 0, 0, "a"));
    await sync();
    const clear = (more: object = {}) =>
      stage.call(guest, offline("clearSyncedOperations"), ofClient(more));
    expect(await clear()).toEqual({ cleared: 0 });
    await test.advanceTime(3_600_000);
    expect(await clear()).toEqual({ cleared: 1 });
    await queue(insert("b", 0, 1, "b"));
    // The client goes on from a text of which nobody remembers what it has done to it.
    expect((await sync()).errors).toEqual([
      "b: What was carried out of the same text has been cleared; read the notes again",
    ]);
    await queue(insert("c", 1, 1, "c"));
    expect(await sync()).toMatchObject({ synced: 1 });
    expect(await clear({ olderThanMs: 0 })).toEqual({ cleared: 1 });
    await queue(insert("d", 2, 2, "d"));
    await sync();
    await test.advanceTime(8 * 86_400_000);
    await removeOldRows(test.db);
    expect(await status()).toMatchObject({ synced: 0, failed: 1 });
    await test.advanceTime(30 * 86_400_000);
    await removeOldRows(test.db);
    expect(await status()).toMatchObject({ totalQueued: 0 });
    expect(await content()).toBe("acd");
  });

  it("is remembered of the last 500 of a client", async () => {
    for (let from = 0; from < 600; from += 200) {
      const { cursor } = await read();
      const keys = Array.from({ length: 200 }, (_, index) =>
        insert(`key-${from + index}`, Number(cursor), index, "x"),
      );
      await queue(...keys);
      await sync({ maxOperations: 200 });
    }
    expect(await status()).toMatchObject({ synced: 500 });
  });

  it("is forgotten with its owner's place in the meeting; the text stays", async () => {
    await queue(insert("a", 0, 0, "a"));
    await sync();
    await queue(insert("b", 1, 0, "b"));
    await stage.call(host, "meetings/lifecycle:removeParticipant", { meetingId, userId: guestId });
    const rows = await test.sql("SELECT 1 FROM note_queue WHERE meeting_id = $1", [meetingId]);
    expect(rows).toEqual([]);
    expect(await stage.call(host, "notes/queries:getMeetingNotes", { meetingId })).toMatchObject({
      content: "a",
    });
  });
});

describe("the state of a queue", () => {
  it("is critical when something waits for five minutes", async () => {
    await test.stopTime();
    expect(await status()).toEqual({
      ...{ pending: 0, synced: 0, failed: 0, syncing: 0, totalQueued: 0, queueHealth: "healthy" },
    });
    await queue(insert("a", 0, 0, "a"));
    const fresh = await status();
    expect(fresh).toMatchObject({ queueHealth: "healthy" });
    expect(fresh["oldestPending"]).toBe(fresh["newestPending"]);
    await test.advanceTime(300_001);
    expect(await status()).toMatchObject({ queueHealth: "critical" });
  });
});

describe("a checkpoint", () => {
  const checkpointData = { sequence: 3, version: 2, contentHash: "sha256:00", timestamp: 5 };
  const create = (more: object = {}) =>
    stage.call<{ checkpointId: string }>(
      ...([guest, offline("createOfflineCheckpoint")] as const),
      ofClient({ checkpointData, ...more }),
    );
  const restore = (who: UserIdentity, checkpointId: string, more: object = {}) =>
    stage.call(who, offline("restoreFromCheckpoint"), ofClient({ checkpointId, ...more }));

  it("is told to the client that made it, and to nobody else", async () => {
    const { checkpointId } = await create();
    expect(await restore(guest, checkpointId)).toEqual({
      ...{ success: true, checkpoint: checkpointData },
    });
    expect(await restore(guest, checkpointId, { clientId: "phone" })).toEqual({ success: false });
    expect(await restore(host, checkpointId)).toEqual({ success: false });
    expect(await restore(guest, "' OR 1")).toEqual({ success: false });
  });

  it("gives way to newer ones, and goes after a month", async () => {
    const first = await create();
    const second = await create({ checkpointData: { ...checkpointData, sequence: 4 } });
    await test.sql(
      `INSERT INTO note_checkpoints SELECT 'checkpoint_' || s, meeting_id, user_id, client_id, sequence, version,
         content_hash, client_time, created_at + make_interval(secs => s)
       FROM note_checkpoints, generate_series(1, 99) s WHERE id = $1`,
      [second.checkpointId],
    );
    const last = await create();
    expect(await restore(guest, first.checkpointId)).toEqual({ success: false });
    await test.advanceTime(31 * 86_400_000);
    await removeOldRows(test.db);
    expect(await restore(guest, last.checkpointId)).toEqual({ success: false });
  });

  it("is refused where it makes no sense", async () => {
    const refused = async (change: object) =>
      (
        await stage.refusal(
          guest,
          offline("createOfflineCheckpoint"),
          ofClient({ checkpointData: { ...checkpointData, ...change } }),
        )
      ).metadata;
    expect(await refused({ sequence: -1 })).toMatchObject({ field: "checkpointData.sequence" });
    expect(await refused({ contentHash: "" })).toMatchObject({
      field: "checkpointData.contentHash",
    });
  });
});
