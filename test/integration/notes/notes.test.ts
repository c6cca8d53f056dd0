import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { UserIdentity } from "../../../src/auth/identity.ts";
import { maxCharacters, type NoteOperation } from "../../../src/notes/textOperation.ts";
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

interface Followed {
  content: string;
  version: number;
  cursor: string;
  permissions: string[];
}

interface Applied {
  success: boolean;
  serverSequence: number;
  newVersion: number;
  transformedOperation: NoteOperation;
  conflicts: string[];
}

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

const mutations = "notes/mutations";
const follow = (who = host) =>
  stage.call<Followed>(who, "realtime/subscriptions:subscribeMeetingNotes", { meetingId });
const insert = (position: number, content: string): NoteOperation => ({
  ...{ type: "insert", position, content },
});
const erase = (position: number, length: number): NoteOperation => ({
  ...{ type: "delete", position, length },
});
const argsOf = (operation: NoteOperation, more: object = {}) => ({
  ...{ meetingId, operation, clientSequence: 0, ...more },
});
const apply = (who: UserIdentity, operation: NoteOperation, more: object = {}) =>
  stage.call<Applied>(who, `${mutations}:applyNoteOperation`, argsOf(operation, more));
const refusal = (who: UserIdentity, operation: NoteOperation, more: object = {}) =>
  stage.refusal(who, `${mutations}:applyNoteOperation`, argsOf(operation, more));
const batch = (who: UserIdentity, operations: [number, NoteOperation][], more: object = {}) => ({
  args: {
    operations: operations.map(([clientSequence, operation]) => ({ clientSequence, operation })),
    ...{ meetingId, ...more },
  },
  who,
  name: `${mutations}:batchApplyNoteOperations`,
});
const applyAll = (...wish: Parameters<typeof batch>) => {
  const { who, name, args } = batch(...wish);
  return stage.call<{ success: boolean; processed: number; failed: number; results: Applied[] }>(
    ...([who, name, args] as const),
  );
};
const rollBack = (targetSequence: number, more: object = {}) =>
  stage.call<{ newVersion: number; operationsRemoved: number }>(
    ...([host, `${mutations}:rollbackToSequence`] as const),
    { meetingId, targetSequence, ...more },
  );
const audited = async () =>
  (
    await test.sql<{ action: string }>(
      `SELECT action FROM audit_logs WHERE resource_type = 'meetingNotes' AND resource_id = $1 ORDER BY at, id`,
      [meetingId],
    )
  ).map(({ action }) => action);

describe("the notes of a meeting", () => {
  it("are there, and empty, before anybody has written", async () => {
    const document = await stage.call<{ _id: string }>(guest, "notes/queries:getMeetingNotes", {
      meetingId,
    });
    expect(document).toMatchObject({ meetingId, content: "", version: 0 });
    expect(document._id).toBe(meetingId.replace("meeting_", "notes_"));
    expect(await follow(guest)).toMatchObject({
      ...{ content: "", version: 0, cursor: "0", permissions: ["read", "write"] },
      ...{ subscriptionValid: true, rateLimited: false },
    });
    await apply(host, insert(0, "Plan"));
    const written = { content: "Plan", version: 1 };
    expect(await stage.call(guest, "notes/index:getMeetingNotes", { meetingId })).toMatchObject({
      ...written,
      _id: document._id,
    });
    expect(await follow()).toMatchObject({ ...written, cursor: "1" });
  });

  it("can be written before the meeting and after it, not when it was cancelled", async () => {
    const planned = await meetingOf(stage, host, { start: false });
    await apply(host, insert(0, "Agenda"), { meetingId: planned });
    await stage.call(host, "meetings/lifecycle:cancelMeeting", { meetingId: planned });
    const cancelled = { meetingId: planned };
    expect(await refusal(host, insert(0, "x"), cancelled)).toMatchObject({
      code: "MEETING_NOT_ACTIVE",
      metadata: { meetingId: planned, state: "cancelled" },
    });
    await stage.call(host, "meetings/lifecycle:endMeeting", { meetingId });
    await apply(guest, insert(0, "Done"));
    expect((await follow()).content).toBe("Done");
  });

  it("are told to those who follow them, and to nobody of another meeting", async () => {
    const other = await meetingOf(stage, host);
    const watch = new KeyWatch(test, stage);
    for (const [who, id] of [
      ["here", meetingId],
      ["there", other],
    ] as const)
      watch.watch(who, host, {
        "realtime/subscriptions:subscribeMeetingNotes": { meetingId: id },
        "notes/queries:getMeetingNotes": { meetingId: id },
        "meetings/queries:getMeeting": { meetingId: id },
      });
    const { stale, changed } = await watch.stale(() => apply(guest, insert(0, "x")));
    expect({ stale, changed }).toEqual({ stale: [], changed: 2 });
    expect(await watch.rerun(() => apply(guest, insert(0, "y")))).toEqual([
      "here realtime/subscriptions:subscribeMeetingNotes",
      "here notes/queries:getMeetingNotes",
    ]);
  });
});

describe("an operation", () => {
  it("is moved over what others have written since its text", async () => {
    await apply(host, insert(0, "abcdef"));
    await apply(guest, insert(3, "X"), { clientSequence: 1 });
    const split = await apply(host, erase(1, 4), { clientSequence: 1 });
    expect(split).toMatchObject({
      ...{ success: true, serverSequence: 4, newVersion: 3 },
      transformedOperation: { type: "delete", position: 1, length: 2 },
    });
    expect(split.conflicts).toHaveLength(1);
    expect(await follow()).toMatchObject({ content: "aXf", cursor: "4", version: 3 });
  });

  it("that others have already done is no change", async () => {
    await apply(host, insert(0, "abc"));
    await apply(guest, erase(0, 2), { clientSequence: 1 });
    expect(await apply(host, erase(0, 2), { clientSequence: 1 })).toMatchObject({
      ...{ serverSequence: 2, newVersion: 2 },
      transformedOperation: { type: "retain", position: 0, length: 0 },
    });
    expect(await follow()).toMatchObject({ content: "c", cursor: "2", version: 2 });
  });

  it("is not applied to another version than is expected", async () => {
    await apply(host, insert(0, "abc"), { expectedVersion: 0 });
    expect(await refusal(host, insert(0, "abc"), { expectedVersion: 0 })).toMatchObject({
      code: "CONFLICT",
      metadata: { reason: "version_changed", version: 1, sequence: 1 },
    });
    expect((await follow()).content).toBe("abc");
  });

  it("is refused where it cannot be", async () => {
    await apply(host, insert(0, "a😀"));
    const at = { clientSequence: 1 };
    const field = (name: string) => ({ code: "VALIDATION_ERROR", metadata: { field: name } });
    expect(await refusal(guest, insert(2, "x"), at)).toMatchObject(field("operation.position"));
    expect(await refusal(guest, insert(9, "x"), at)).toMatchObject(field("operation.position"));
    expect(await refusal(guest, insert(0, "\0"), at)).toMatchObject(field("args"));
    expect(await refusal(guest, insert(0, "x"), { clientSequence: 2 })).toMatchObject({
      ...field("clientSequence"),
      message: "clientSequence is ahead of the notes, which are at 1",
    });
    expect(await refusal(guest, insert(0, "x"), { clientSequence: 0.5 })).toMatchObject(
      field("clientSequence"),
    );
    expect(await refusal(guest, insert(0, "x".repeat(maxCharacters)), at)).toMatchObject({
      metadata: { limit: maxCharacters },
    });
    expect((await follow()).content).toBe("a😀");
  });

  it("is not an observer's", async () => {
    const { identity } = await guestOf(stage, host, meetingId, "observer");
    expect(await refusal(identity, insert(0, "x"))).toMatchObject({
      code: "INSUFFICIENT_PERMISSIONS",
    });
    expect(await follow(identity)).toMatchObject({ permissions: ["read"] });
  });

  it("is in the audit log once a minute, whatever is typed", async () => {
    await test.stopTime();
    for (const [index, content] of [..."abc"].entries())
      await apply(guest, insert(index, content), { clientSequence: index });
    await applyAll(guest, [[3, insert(3, "d")]]);
    await test.advanceTime(60_001);
    await apply(guest, insert(0, "e"), { clientSequence: 4 });
    expect(await audited()).toEqual([
      "apply_operation",
      "batch_apply_operations",
      "apply_operation",
    ]);
    await stage.call(host, "audit/logging:getAuditLogs", {
      ...{ resourceType: "meetingNotes", resourceId: meetingId },
    });
  });

  it("is written 200 times a minute by one person, wherever", async () => {
    await test.stopTime();
    const other = await meetingOf(stage, host);
    for (let index = 0; index < 199; index += 1)
      await apply(host, insert(index, "x"), { clientSequence: index });
    await apply(host, insert(0, "y"), { meetingId: other });
    const refused = await refusal(host, insert(0, "z"), { meetingId: other });
    expect(refused).toMatchObject({
      code: "RATE_LIMIT_EXCEEDED",
      metadata: { action: "notes", limit: 200, retryAfterMs: 60_000 },
    });
    await apply(guest, insert(0, "not me"), { clientSequence: 199 });
    await test.advanceTime(60_001);
    await apply(host, insert(0, "z"), { meetingId: other, clientSequence: 1 });
  });

  it("counts by its length too", async () => {
    await test.stopTime();
    const long = "x".repeat(maxCharacters);
    for (let index = 0; index < 5; index += 1) {
      await apply(host, insert(0, long), { clientSequence: 2 * index });
      if (index < 4) await apply(guest, erase(0, maxCharacters), { clientSequence: 2 * index + 1 });
    }
    expect(await refusal(host, erase(0, 1), { clientSequence: 9 })).toMatchObject({
      code: "RATE_LIMIT_EXCEEDED",
    });
  });
});

describe("operations of one call", () => {
  it("are relative to each other", async () => {
    await apply(guest, insert(0, "> "));
    const keys = [..."abc"].map((key, index): [number, NoteOperation] => [0, insert(index, key)]);
    const { results, ...told } = await applyAll(host, keys);
    expect(told).toEqual({ success: true, processed: 3, failed: 0, newVersion: 2 });
    expect(results.map(({ serverSequence }) => serverSequence)).toEqual([2, 2, 2]);
    expect([...(await follow()).content].sort().join("")).toBe(" >abc");
    expect((await follow()).content).toContain("abc");
  });

  it("are told apart where one cannot be carried out", async () => {
    const told = await applyAll(host, [
      [0, insert(0, "ab")],
      [0, insert(9, "beyond")],
      [0, insert(2, "c")],
    ]);
    expect(told).toMatchObject({ success: false, processed: 1, failed: 2, newVersion: 1 });
    expect(told.results.map(({ transformedOperation }) => transformedOperation.type)).toEqual([
      ...["insert", "retain", "retain"],
    ]);
    expect((await follow()).content).toBe("ab");
  });

  it("are refused where none can be carried out, or there are too many", async () => {
    const refusalOf = (...wish: Parameters<typeof batch>) => {
      const { who, name, args } = batch(...wish);
      return stage.refusal(who, name, args);
    };
    expect(await refusalOf(host, [[0, insert(9, "x")]])).toMatchObject({
      code: "VALIDATION_ERROR",
      metadata: { field: "operation.position" },
    });
    expect(await refusalOf(host, [])).toMatchObject({ metadata: { field: "operations" } });
    const many = Array.from({ length: 201 }, (): [number, NoteOperation] => [0, insert(0, "x")]);
    expect(await refusalOf(host, many)).toMatchObject({ metadata: { limit: 200 } });
    expect(await refusalOf(host, [[0, insert(0, "x")]], { expectedVersion: 3 })).toMatchObject({
      code: "CONFLICT",
    });
    expect(await follow()).toMatchObject({ content: "", version: 0 });
  });

  it("are one for realtime/batchedOperations, which waits for nothing", async () => {
    const name = "realtime/batchedOperations:batchApplyNoteOperation";
    const args = argsOf(insert(0, "x"), { expectedVersion: 0 });
    expect(await stage.call(guest, name, args)).toEqual({
      ...{ batchSize: 1, queued: false, serverSequence: 1 },
    });
    expect(await stage.refusal(guest, name, args)).toMatchObject({ code: "CONFLICT" });
  });
});

describe("a rollback", () => {
  it("brings a text back and can be taken back, because nothing is forgotten", async () => {
    await apply(host, insert(0, "Plan 😀"));
    await apply(guest, insert(5, "B "), { clientSequence: 1 });
    await apply(guest, erase(0, 7), { clientSequence: 2 });
    expect((await follow()).content).toBe("😀");
    expect(await rollBack(1, { reason: "Deleted by mistake" })).toMatchObject({
      ...{ operationsRemoved: 2, newVersion: 4 },
    });
    expect(await follow()).toMatchObject({ content: "Plan 😀", cursor: "4" });
    await rollBack(3);
    expect((await follow()).content).toBe("😀");
    await rollBack(0);
    expect((await follow()).content).toBe("");
    await rollBack(2);
    expect((await follow()).content).toBe("Plan B 😀");
    expect((await audited()).filter((action) => action === "rollback_operations")).toHaveLength(4);
  });

  it("to where the notes are is no change", async () => {
    await apply(host, insert(0, "x"));
    expect(await rollBack(1)).toMatchObject({ operationsRemoved: 0, newVersion: 1 });
    expect(await follow()).toMatchObject({ cursor: "1", version: 1 });
    expect(await audited()).toEqual(["apply_operation"]);
  });

  it("takes what others write at the same time along", async () => {
    await apply(host, insert(0, "abc"));
    await apply(host, insert(3, "def"), { clientSequence: 1 });
    await rollBack(1);
    await apply(guest, insert(6, "!"), { clientSequence: 2 });
    expect((await follow()).content).toBe("abc!");
  });

  it("is a host's, to a sequence that is there", async () => {
    const args = { meetingId, targetSequence: 0 };
    const name = `${mutations}:rollbackToSequence`;
    expect(await stage.refusal(guest, name, args)).toMatchObject({
      code: "INSUFFICIENT_PERMISSIONS",
    });
    const wrong = { ...args, targetSequence: 1 };
    expect(await stage.refusal(host, name, wrong)).toMatchObject({
      metadata: { field: "targetSequence" },
    });
    expect(await stage.refusal(host, name, { ...args, reason: "" })).toMatchObject({
      metadata: { field: "reason" },
    });
  });

  it("reaches as far as the history is kept", async () => {
    await apply(host, insert(0, "x"));
    // As after 30,000 operations, of which the last 20,000 are kept.
    await test.sql(
      "UPDATE meeting_notes SET sequence = 30000, kept_from = 29990 WHERE meeting_id = $1",
      [meetingId],
    );
    await test.sql("DELETE FROM note_operations WHERE meeting_id = $1", [meetingId]);
    const name = `${mutations}:rollbackToSequence`;
    expect(await stage.refusal(host, name, { meetingId, targetSequence: 1 })).toMatchObject({
      code: "CONFLICT",
      metadata: { reason: "history_not_kept", oldest: 29990 },
    });
    expect(await refusal(host, insert(0, "y"), { clientSequence: 24_999 })).toMatchObject({
      code: "CONFLICT",
      metadata: { reason: "sequence_too_old", sequence: 30_000 },
    });
  });
});

describe("the log", () => {
  it("loses its oldest operations when it is too long", async () => {
    await apply(host, insert(0, "x"));
    const authorId = await userIdOf(stage, host);
    await test.sql(
      `INSERT INTO note_operations (meeting_id, sequence, id, author_id, type, position, content, characters, created_at)
       SELECT $1, s, 'noteop_' || s, $2, 'insert', 0, 'y', 1, app_now() - interval '1 hour'
       FROM generate_series(2, 20000) s`,
      [meetingId, authorId],
    );
    await test.sql(
      `UPDATE meeting_notes SET sequence = 20000, logged_characters = 20000, content = repeat('y', 19999) || 'x'
       WHERE meeting_id = $1`,
      [meetingId],
    );
    await apply(guest, insert(0, "z"), { clientSequence: 20_000 });
    const [kept] = await test.sql<Record<string, string>>(
      `SELECT count(*), min(o.sequence) - 1 AS before, n.kept_from, n.logged_characters, sum(characters) AS characters
       FROM note_operations o JOIN meeting_notes n USING (meeting_id) WHERE meeting_id = $1
       GROUP BY n.meeting_id`,
      [meetingId],
    );
    expect(kept).toEqual({
      ...{ count: "18000", before: "2001", kept_from: "2001" },
      ...{ logged_characters: "18000", characters: "18000" },
    });
    await rollBack(2001);
    expect((await follow()).content).toBe(`${"y".repeat(2000)}x`);
  });

  it("names who wrote, also of whoever is in the meeting no more", async () => {
    await apply(guest, insert(0, "mine"));
    await stage.call(host, "meetings/lifecycle:removeParticipant", { meetingId, userId: guestId });
    expect(await refusal(guest, insert(0, "x"))).toMatchObject({ code: "NOT_FOUND" });
    const [row] = await test.sql<{ author_id: string }>(
      "SELECT author_id FROM note_operations WHERE meeting_id = $1",
      [meetingId],
    );
    expect(row?.author_id).toBe(guestId);
    expect((await follow()).content).toBe("mine");
  });
});
