import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type PlanOwner, setPlan } from "../../../src/auth/plans.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { newId } from "../../../src/core/ids.ts";
import { silentLog } from "../../../src/core/log.ts";
import type { Database } from "../../../src/db/port.ts";
import { startArchivingLoop } from "../../../src/jobs/archiving.ts";
import { startExpiringLoop } from "../../../src/jobs/expiring.ts";
import type { Loop } from "../../../src/jobs/loop.ts";
import { deleteRecording } from "../../../src/recordings/lifecycle/deleteRecording.ts";
import { expireRecordings, type Retention } from "../../../src/recordings/lifecycle/expire.ts";
import { settleDue } from "../../../src/recordings/lifecycle/settle.ts";
import { startRecording } from "../../../src/recordings/lifecycle/start.ts";
import { stopRecording } from "../../../src/recordings/lifecycle/stop.ts";
import { takeTime } from "../../support/patience.ts";
import {
  archivingSite,
  captureRow,
  composed,
  contentOf,
  stoppedRecording,
  until,
} from "../support/archived.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { activeMeeting, recordingStage, type Stage, user } from "../support/recordings.ts";
import { timeout } from "../support/scriptedVideo.ts";

takeTime();

const dayMs = 86_400_000;
const month: Retention = { free: 10, paid: 30 };
const forEver: Retention = { free: null, paid: null };

let test: TestDatabase;
let stage: Stage;
const loops: Loop[] = [];
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.stopTime();
  stage = recordingStage(test);
});
afterEach(async () => {
  await Promise.all(loops.splice(0).map((loop) => loop.stop()));
  // What one test leaves is not due in the next.
  await test.sql(`UPDATE recordings SET deleted_at = app_now(), deadline_at = NULL`);
});

/** A recording that has ended just now, in its own organisation where one is given. */
async function ended(change: { orgId?: string; hostId?: string } = {}) {
  const meeting = await activeMeeting(test, change);
  const { recordingId } = await startRecording(stage.services, meeting.hostId, meeting);
  await stopRecording(stage.services, meeting.hostId, meeting);
  // The provider's clock is the wall's.
  await test.sql(`UPDATE recordings SET stopped_at = app_now() WHERE id = $1`, [recordingId]);
  return { ...meeting, recordingId };
}

const services = (db: Database = test.db, defaultPlan: "free" | "paid" = "free") => ({
  db,
  config: { defaultPlan },
});

const expire = (retention = month, limit = 16) => expireRecordings(services(), retention, limit);

const days = (count: number) => test.advanceTime(count * dayMs);

async function isDeleted(recordingId: string): Promise<boolean> {
  const [row] = await test.sql<{ deleted: boolean }>(
    `SELECT deleted_at IS NOT NULL AS deleted FROM recordings WHERE id = $1`,
    [recordingId],
  );
  return row?.deleted === true;
}

const isPurged = async (recordingId: string) =>
  (
    await test.sql(
      `SELECT 1 FROM recordings r WHERE id = $1 AND deleted_at IS NOT NULL AND deadline_at IS NULL
         AND NOT EXISTS (SELECT 1 FROM renditions d WHERE d.recording_id = r.id)`,
      [recordingId],
    )
  ).length === 1;

/** What is told of a recording's deletion: to the audit log, its meeting's history, and the organisation's webhooks. */
async function told(recordingId: string) {
  const audit = await test.sql<{ actor: string | null; metadata: object }>(
    `SELECT actor_user_id AS actor, metadata FROM audit_logs
     WHERE resource_id = $1 AND action = 'recording.delete'`,
    [recordingId],
  );
  const events = await test.sql<{ data: object }>(
    `SELECT data FROM meeting_events WHERE recording_id = $1 AND type = 'recording_deleted'`,
    [recordingId],
  );
  const webhooks = await test.sql<{ data: object }>(
    `SELECT data FROM webhook_events WHERE recording_id = $1 AND type = 'recording.deleted'`,
    [recordingId],
  );
  return { audit, events, webhooks };
}

async function orgWith(plan?: "free" | "paid"): Promise<string> {
  const orgId = newId("users");
  await test.sql(`INSERT INTO organizations (id, plan) VALUES ($1, $2)`, [orgId, plan ?? null]);
  await test.sql(
    `INSERT INTO webhook_endpoints (id, org_id, url, secret) VALUES ($1, $2, 'https://h', 's')`,
    [newId("webhookEndpoints"), orgId],
  );
  return orgId;
}

describe("a recording", () => {
  it("is kept until its time is over, and then goes as by a person's hand, but by nobody's", async () => {
    const { recordingId } = await ended({ orgId: await orgWith("paid") });
    await days(29.9);
    expect(await expire()).toBe(0);
    expect(await isDeleted(recordingId)).toBe(false);
    await days(0.2);
    expect(await expire()).toBe(1);
    expect(await isDeleted(recordingId)).toBe(true);
    const why = { reason: "retention", plan: "paid", keptDays: 30 };
    expect(await told(recordingId)).toEqual({
      audit: [{ actor: null, metadata: why }],
      events: [{ data: why }],
      webhooks: [{ data: expect.objectContaining({ recordingId, deletedAt: expect.any(Number) }) }],
    });
    await settleDue(stage.services);
    expect(await isPurged(recordingId)).toBe(true);
    expect(await expire()).toBe(0);
  });

  it("is kept for ever where nothing else was said", async () => {
    const { recordingId } = await ended();
    await days(36_000);
    expect(await expire(forEver)).toBe(0);
    expect(await expire({ free: 1, paid: null })).toBe(0);
    expect(await isDeleted(recordingId)).toBe(false);
  });

  it("is left alone while it runs, however long that is", async () => {
    const meeting = await activeMeeting(test);
    const { recordingId } = await startRecording(stage.services, meeting.hostId, meeting);
    for (const state of ["starting", "recording", "stopping"]) {
      await test.sql(`UPDATE recordings SET state = $2 WHERE id = $1`, [recordingId, state]);
      await days(31);
      expect(await expire()).toBe(0);
    }
    expect(await isDeleted(recordingId)).toBe(false);
  });

  it.each(["processing", "ready", "failed"])("goes also as %s", async (state) => {
    const { recordingId } = await ended();
    await test.sql(`UPDATE recordings SET state = $2 WHERE id = $1`, [recordingId, state]);
    await days(31);
    expect(await expire()).toBe(1);
    expect(await isDeleted(recordingId)).toBe(true);
  });

  it("that a person has deleted is told of once, as theirs", async () => {
    const { recordingId, hostId } = await ended();
    await test.db.transaction((tx) => deleteRecording(tx, recordingId, hostId));
    await days(31);
    expect(await expire()).toBe(0);
    expect((await told(recordingId)).audit).toEqual([{ actor: hostId, metadata: {} }]);
  });

  it("can be deleted by a person afterwards, which changes nothing", async () => {
    const { recordingId, hostId } = await ended();
    await days(31);
    await expire();
    await test.db.transaction((tx) => deleteRecording(tx, recordingId, hostId));
    expect((await told(recordingId)).audit).toMatchObject([{ actor: null }]);
  });
});

describe("how long it is kept", () => {
  const isGoneAfter = async (count: number, recordingId: string, defaultPlan?: "free" | "paid") => {
    await days(count);
    await expireRecordings(services(test.db, defaultPlan), month, 16);
    return isDeleted(recordingId);
  };
  const set = (owner: PlanOwner, plan: "free" | "paid") =>
    test.db.transaction((tx) => setPlan(tx, owner, plan));

  it("is by the organisation's plan, whatever is said of the person", async () => {
    const { recordingId } = await ended({ orgId: await orgWith("free") });
    expect(await isGoneAfter(9, recordingId)).toBe(false);
    expect(await isGoneAfter(2, recordingId)).toBe(true);
  });

  it("is by the plan of who recorded where there is no organisation", async () => {
    const [paid, free] = [await ended(), await ended()];
    await set({ userId: free.hostId }, "free");
    expect(await isGoneAfter(11, paid.recordingId)).toBe(false);
    expect(await isDeleted(free.recordingId)).toBe(true);
    expect(await isGoneAfter(20, paid.recordingId)).toBe(true);
  });

  it("is by what the person's token claims where nobody else says anything, or it says more", async () => {
    const hostId = await user(test);
    await test.sql(`UPDATE users SET plan = NULL, claimed_plan = 'paid' WHERE id = $1`, [hostId]);
    const { recordingId } = await ended({ hostId });
    const other = await ended({ hostId, orgId: await orgWith("free") });
    expect(await isGoneAfter(11, recordingId)).toBe(false);
    expect(await isDeleted(other.recordingId)).toBe(false);
  });

  it.each(["free", "paid"] as const)(
    "is by the default plan, %s, where nobody says one",
    async (plan) => {
      const { recordingId } = await ended({ orgId: await orgWith() });
      expect(await isGoneAfter(11, recordingId, plan)).toBe(plan === "free");
    },
  );

  it("changes with the plan, both ways", async () => {
    const orgId = await orgWith("free");
    const { recordingId } = await ended({ orgId });
    await set({ orgId }, "paid");
    expect(await isGoneAfter(11, recordingId)).toBe(false);
    await set({ orgId }, "free");
    expect(await isGoneAfter(0, recordingId)).toBe(true);
  });
});

describe("many recordings", () => {
  it("go in batches, the oldest first", async () => {
    const old: string[] = [];
    for (let n = 0; n < 5; n++) {
      old.push((await ended()).recordingId);
      await test.advanceTime(1000);
    }
    await days(31);
    const young = await ended();
    expect(await expire(month, 3)).toBe(3);
    expect(await Promise.all(old.map(isDeleted))).toEqual([true, true, true, false, false]);
    expect(await expire(month, 3)).toBe(2);
    expect(await isDeleted(young.recordingId)).toBe(false);
  });

  it("go by a loop that takes a batch after the other until none is left", async () => {
    const ids: string[] = [];
    for (let n = 0; n < 18; n++) ids.push((await ended()).recordingId);
    await days(31);
    loops.push(startExpiringLoop({ ...services(), clock: systemClock, log: silentLog }, month));
    await until(async () => expect(await Promise.all(ids.map(isDeleted))).not.toContain(false));
  });

  it("are each deleted once by several nodes at once", async () => {
    const orgId = await orgWith("paid");
    const ids: string[] = [];
    for (let n = 0; n < 8; n++) ids.push((await ended({ orgId })).recordingId);
    await days(31);
    const counts = await Promise.all(Array.from({ length: 4 }, () => expire(month, 4)));
    while ((await expire(month, 4)) > 0);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(ids.length);
    for (const id of ids) {
      const { audit, events, webhooks } = await told(id);
      expect([audit.length, events.length, webhooks.length]).toEqual([1, 1, 1]);
    }
  });

  it("wait for whoever has one of them, and hold up no other", async () => {
    const [busy, other] = [await ended(), await ended()];
    await days(31);
    await test.db.transaction(async (tx) => {
      await tx.first(
        { name: "test.lock", text: "SELECT 1 FROM recordings WHERE id = $1 FOR UPDATE" },
        [busy.recordingId],
      );
      expect(await expire()).toBe(1);
    });
    expect(await isDeleted(other.recordingId)).toBe(true);
    expect(await isDeleted(busy.recordingId)).toBe(false);
    expect(await expire()).toBe(1);
  });
});

describe("a node that is killed", () => {
  /** A database whose transactions end just before they are committed. */
  const dying: Database = {
    ...({} as Database),
    transaction: (work) =>
      test.db.transaction(async (tx) => {
        await work(tx);
        throw new Error("killed");
      }),
  };

  it("before it has committed leaves nothing half done, and the next one does it", async () => {
    const { recordingId } = await ended({ orgId: await orgWith("paid") });
    await days(31);
    await expect(expireRecordings(services(dying), month, 16)).rejects.toThrow("killed");
    expect(await isDeleted(recordingId)).toBe(false);
    expect(await told(recordingId)).toEqual({ audit: [], events: [], webhooks: [] });
    expect(await expire()).toBe(1);
    expect((await told(recordingId)).webhooks).toHaveLength(1);
  });

  it("after that leaves the files to whoever settles next", async () => {
    const { recordingId } = await ended();
    await days(31);
    await expire();
    const next = recordingStage(test);
    await settleDue(next.services);
    expect(await isPurged(recordingId)).toBe(true);
  });
});

describe("what it leaves behind", () => {
  it("goes from the provider once that can be reached, and has nothing any more", async () => {
    const { recordingId } = await ended();
    await days(31);
    await expire();
    const remove = vi.spyOn(stage.video, "deleteRecording").mockRejectedValue(timeout());
    await settleDue(stage.services);
    expect(await isPurged(recordingId)).toBe(false);
    remove.mockResolvedValue(false);
    await days(1);
    await settleDue(stage.services);
    expect(await isPurged(recordingId)).toBe(false);
    remove.mockResolvedValue(true);
    await days(1);
    await settleDue(stage.services);
    expect(await isPurged(recordingId)).toBe(true);
    expect(remove).toHaveBeenCalledTimes(3);
  });

  it("goes from disk and store: files, capture, archived capture", async () => {
    const site = await archivingSite(test, "site-1");
    const { recordingId } = await stoppedRecording(test, site);
    await test.sql(`UPDATE recordings SET stopped_at = app_now() WHERE id = $1`, [recordingId]);
    await composed(test, recordingId);
    loops.push(startArchivingLoop(site.deps));
    const archived = site.archive.locate(`captures/${recordingId}`);
    await until(async () =>
      expect(await captureRow(test, recordingId)).toMatchObject({ archived: true }),
    );
    expect(await contentOf(archived)).toBeDefined();
    await days(31);
    expect(await expire()).toBe(1);
    await settleDue(site.services);
    await until(async () => expect(await captureRow(test, recordingId)).toBeUndefined());
    expect(await contentOf(archived)).toBeUndefined();
    expect(await isPurged(recordingId)).toBe(true);
  });
});
