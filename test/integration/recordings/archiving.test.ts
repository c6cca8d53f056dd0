import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { startArchivingLoop } from "../../../src/jobs/archiving.ts";
import type { Loop } from "../../../src/jobs/loop.ts";
import { sweepStorage } from "../../../src/jobs/sweepStorage.ts";
import { deleteRecording } from "../../../src/recordings/lifecycle/deleteRecording.ts";
import { settleDue } from "../../../src/recordings/lifecycle/settle.ts";
import { takeTime } from "../../support/patience.ts";
import {
  type ArchivingSite,
  archivingSite,
  captureRow,
  composed,
  contentOf,
  plainCapture,
  stoppedRecording,
  until,
} from "../support/archived.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";

takeTime();

let test: TestDatabase;
let site: ArchivingSite;
const loops: Loop[] = [];
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  site = await archivingSite(test, "site-1");
});
afterEach(async () => {
  await Promise.all(loops.splice(0).map((loop) => loop.stop()));
  await test.sql(`DELETE FROM renditions`);
  await test.sql(`DELETE FROM capture_copies`);
  await test.sql(`DELETE FROM captures`);
});

function run(): void {
  loops.push(startArchivingLoop(site.deps));
}

const archivedAt = (recordingId: string) => site.archive.locate(`captures/${recordingId}`);
const isArchived = (recordingId: string) =>
  until(async () =>
    expect(await captureRow(test, recordingId)).toMatchObject({ archived: true, copy: "here" }),
  );

it("archives what belongs to a capture once its file is composed, and keeps it here", async () => {
  const { recordingId, dir } = await stoppedRecording(test, site);
  await writeFile(path.join(dir, "playback.json.1b4e"), "half");
  run();
  await composed(test, recordingId);
  await isArchived(recordingId);
  await rm(path.join(dir, "playback.json.1b4e"));
  expect(await contentOf(archivedAt(recordingId))).toEqual(await contentOf(dir));
  const [row] = await test.sql<{ files: { name: string }[]; size: string }>(
    `SELECT files, size_bytes AS size FROM captures WHERE recording_id = $1`,
    [recordingId],
  );
  expect(row?.files.map(({ name }) => name)).toEqual(Object.keys(plainCapture));
  expect(Number(row?.size)).toBe(Object.values(plainCapture).join("").length);
});

it("waits for a file that is yet to be composed, an hour at most", async () => {
  const { recordingId } = await stoppedRecording(test, site);
  const { recordingId: next } = await stoppedRecording(test, site);
  await composed(test, next);
  run();
  await isArchived(next);
  expect(await captureRow(test, recordingId)).toMatchObject({ archived: false, attempts: 0 });
  await test.advanceTime(3_600_000);
  await isArchived(recordingId);
});

it("keeps trying while the store refuses, and says why", async () => {
  const { recordingId, dir } = await stoppedRecording(test, site);
  await composed(test, recordingId);
  const { copyFile } = site.archive;
  site.archive.copyFile = () => Promise.reject(new Error("AccessDenied"));
  run();
  const refused = { archived: false, error: "AccessDenied", attempts: 1 };
  await until(async () => expect(await captureRow(test, recordingId)).toMatchObject(refused));
  expect(Object.keys((await contentOf(dir)) ?? {})).toEqual(Object.keys(plainCapture));
  site.archive.copyFile = copyFile;
  await test.advanceTime(6_000);
  await isArchived(recordingId);
});

it("is not archived unless the store has all of it in the end", async () => {
  const { recordingId } = await stoppedRecording(test, site);
  await composed(test, recordingId);
  const { holds } = site.archive;
  site.archive.holds = async (key, object) => !key.endsWith("video.webm") && holds(key, object);
  run();
  const error = "the store does not have track0002-video.webm as it was sent";
  await until(async () =>
    expect(await captureRow(test, recordingId)).toMatchObject({ archived: false, error }),
  );
});

it("is taken over from a node that died within it", async () => {
  const { recordingId, dir } = await stoppedRecording(test, site);
  await composed(test, recordingId);
  await test.sql(
    `UPDATE captures SET lease_owner = 'dead', lease_until = app_now() + interval '15 seconds', begun_at = app_now()`,
  );
  await mkdir(archivedAt(recordingId), { recursive: true });
  await writeFile(path.join(archivedAt(recordingId), "track0001-audio.webm"), "half");
  run();
  await test.advanceTime(16_000);
  await isArchived(recordingId);
  expect(await contentOf(archivedAt(recordingId))).toEqual(await contentOf(dir));
});

it("is archived by the site that has it, and never while it is not sealed", async () => {
  const { recordingId } = await stoppedRecording(test, site);
  await composed(test, recordingId);
  await test.sql(`UPDATE recordings SET site_id = 'site-2' WHERE id = $1`, [recordingId]);
  const { recordingId: open } = await stoppedRecording(test, site);
  await composed(test, open);
  site.video.next("recordingState", () => ({ status: "finishing" }));
  run();
  const error = "the capture is not there to be archived (finishing)";
  await until(async () => expect(await captureRow(test, open)).toMatchObject({ error }));
  await test.advanceTime(6_000);
  await isArchived(open);
  expect(await captureRow(test, recordingId)).toMatchObject({ archived: false, attempts: 0 });
});

async function deleteIt({ recordingId, hostId }: { recordingId: string; hostId: string }) {
  await test.db.transaction((tx) => deleteRecording(tx, recordingId, hostId));
  await settleDue(site.services);
}

it("goes from the store with its recording", async () => {
  const recording = await stoppedRecording(test, site);
  await composed(test, recording.recordingId);
  run();
  await isArchived(recording.recordingId);
  await deleteIt(recording);
  await until(async () => expect(await captureRow(test, recording.recordingId)).toBeUndefined());
  expect(await contentOf(archivedAt(recording.recordingId))).toBeUndefined();
});

it("goes from the store also when that refused it, and when it is away for a while", async () => {
  const recording = await stoppedRecording(test, site);
  const { recordingId } = recording;
  await composed(test, recordingId);
  const { copyFile, removeFolder } = site.archive;
  site.archive.copyFile = async (key, file) => {
    if (key.endsWith("video.webm")) throw new Error("Full");
    return copyFile(key, file);
  };
  const refusing = vi.fn(() => Promise.reject(new Error("SlowDown")));
  site.archive.removeFolder = refusing;
  run();
  await until(async () =>
    expect(await captureRow(test, recordingId)).toMatchObject({ error: "Full" }),
  );
  await deleteIt(recording);
  await until(async () => expect(refusing).toHaveBeenCalled());
  expect(await contentOf(archivedAt(recordingId))).toBeDefined();
  site.archive.removeFolder = removeFolder;
  await test.advanceTime(6_000);
  await until(async () => expect(await captureRow(test, recordingId)).toBeUndefined());
  expect(await contentOf(archivedAt(recordingId))).toBeUndefined();
});

it("ends being sent when its recording is deleted", async () => {
  const recording = await stoppedRecording(test, site);
  const { recordingId } = recording;
  await composed(test, recordingId);
  const { copyFile } = site.archive;
  let begun = false;
  site.archive.copyFile = async (key, file) => {
    begun = true;
    await until(async () => {
      const [row] = await test.sql(`SELECT 1 FROM recordings WHERE id = $1 AND size_bytes = 0`, [
        recordingId,
      ]);
      expect(row).toBeDefined();
    });
    // The lease is renewed in vain by now.
    await site.services.clock.sleep(20_000);
    return copyFile(key, file);
  };
  run();
  await until(async () => expect(begun).toBe(true));
  await deleteIt(recording);
  await until(async () => expect(await captureRow(test, recordingId)).toBeUndefined());
  expect(await contentOf(archivedAt(recordingId))).toBeUndefined();
});

it("leaves no row of a recording that was deleted before anything was sent", async () => {
  const recording = await stoppedRecording(test, site);
  await deleteIt(recording);
  expect(await captureRow(test, recording.recordingId)).toBeUndefined();
});

it("is swept from the store where it came late, and only of recordings that are deleted", async () => {
  const kept = await stoppedRecording(test, site);
  const gone = await stoppedRecording(test, site);
  await deleteIt(gone);
  await site.archive.copyFile(
    `captures/${kept.recordingId}/events.jsonl`,
    `${kept.dir}/events.jsonl`,
  );
  await site.archive.copyFile(
    `captures/${gone.recordingId}/events.jsonl`,
    `${gone.dir}/events.jsonl`,
  );
  const sweep = (ms: number) =>
    sweepStorage({
      ...{ ...site.services, archive: site.archive },
      clock: { ...site.services.clock, now: () => Date.now() + ms },
    });
  expect(await sweep(0)).toEqual({ objects: 0, uploads: 0 });
  expect(await sweep(30 * 3_600_000)).toEqual({ objects: 1, uploads: 0 });
  expect(await contentOf(archivedAt(gone.recordingId))).toBeUndefined();
  expect(await contentOf(archivedAt(kept.recordingId))).toBeDefined();
});
