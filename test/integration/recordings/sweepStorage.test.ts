import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { startSweepLoop, sweepStorage } from "../../../src/jobs/sweepStorage.ts";
import { createFileStorage } from "../../../src/storage/file/fileStorage.ts";
import type { Storage } from "../../../src/storage/port.ts";
import { scratchFolder } from "../../support/evidence/scratchFolder.ts";
import { takeTime } from "../../support/patience.ts";
import { type TestDatabase, testDatabase } from "../support/database.ts";
import { activeMeeting, recordingStage } from "../support/recordings.ts";

takeTime();

const hour = 3_600_000;

let test: TestDatabase;
let root: string;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  root = await scratchFolder("connvo-sweep-");
});

/** A recording with a rendition; its file's key is noted unless `noted` is false. */
async function recording({ noted = true } = {}) {
  const { hostId, meetingId } = await activeMeeting(test);
  const recordingId = newId("meetingRecordings");
  const renditionId = newId("renditions");
  const key = `recordings/${recordingId}/${renditionId}.1.mp4`;
  await test.sql(
    `INSERT INTO recordings (id, meeting_id, room_id, provider, quality, layout, audio_only, max_duration_ms,
       state, started_by, requested_at)
     VALUES ($1, $2, $2, 'embedded', '720p', 'grid', false, 60000, 'ready', $3, app_now())`,
    [recordingId, meetingId, hostId],
  );
  await test.sql(
    `INSERT INTO renditions (id, meeting_id, recording_id, quality, layout, audio_only, storage_key)
     VALUES ($1, $2, $3, '720p', 'grid', false, $4)`,
    [renditionId, meetingId, recordingId, noted ? key : null],
  );
  return { recordingId, key };
}

async function lay(key: string, ageMs: number): Promise<void> {
  const file = path.join(root, key);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, "file");
  const time = new Date(Date.now() - ageMs);
  await utimes(file, time, time);
}

function sweep(storage: Storage = createFileStorage(root)) {
  const { services } = recordingStage(test, root);
  return sweepStorage({ ...services, storage });
}

const filesOf = (recordingId: string) => readdir(path.join(root, "recordings", recordingId));

it("removes old files that no rendition has, of recordings it knows", async () => {
  const kept = await recording();
  await lay(kept.key, 30 * hour);
  const earlier = kept.key.replace(".1.mp4", ".0.mp4");
  await lay(earlier, 30 * hour);
  await lay(`${earlier}.part`, 30 * hour);
  const unnoted = await recording({ noted: false });
  await lay(unnoted.key, 30 * hour);
  expect(await sweep()).toEqual({ objects: 2, uploads: 1 });
  expect(await filesOf(kept.recordingId)).toEqual([path.basename(kept.key)]);
  expect(await filesOf(unnoted.recordingId)).toEqual([]);
  expect(await sweep()).toEqual({ objects: 0, uploads: 0 });
});

it("keeps what is young: its row may be about to be written", async () => {
  const { recordingId, key } = await recording({ noted: false });
  await lay(key, 23 * hour);
  await lay(`${key}.part`, 23 * hour);
  expect(await sweep()).toEqual({ objects: 0, uploads: 0 });
  expect(await filesOf(recordingId)).toHaveLength(2);
});

it("keeps what this database knows nothing of, and what is named otherwise", async () => {
  const unknown = newId("meetingRecordings");
  await lay(`recordings/${unknown}/${newId("renditions")}.1.mp4`, 30 * hour);
  const { recordingId } = await recording();
  await lay(`recordings/${recordingId}/notes.txt`, 30 * hour);
  await lay(`recordings/${recordingId}/capture/events.jsonl`, 30 * hour);
  expect(await sweep()).toEqual({ objects: 0, uploads: 0 });
  expect(await filesOf(unknown)).toHaveLength(1);
  expect(await filesOf(recordingId)).toEqual(["capture", "notes.txt"]);
});

it("asks for many objects at once", async () => {
  const { recordingId, key } = await recording();
  const old = Date.now() - 30 * hour;
  const deleted: string[] = [];
  let reads = 0;
  const db = {
    ...test.db,
    read: <T>(work: Parameters<typeof test.db.read<T>>[0]) => {
      reads++;
      return test.db.read(work);
    },
  };
  const storage = {
    ...createFileStorage(root),
    list: async function* () {
      for (let count = 0; count < 1200; count++)
        yield { key: key.replace(".1.mp4", `.${count}.mp4`), sizeBytes: 1, modifiedAt: old };
    },
    delete: async (gone: string) => {
      deleted.push(gone);
    },
  };
  const { services } = recordingStage(test, root);
  expect(await sweepStorage({ ...services, db, storage })).toEqual({ objects: 1199, uploads: 0 });
  expect(deleted).not.toContain(key);
  expect(deleted[0]).toContain(recordingId);
  expect(reads).toBe(3);
});

it("goes on at the next hour when the store is away", async () => {
  const { services } = recordingStage(test, root);
  const waits: number[] = [];
  let looks = 0;
  const clock = {
    now: Date.now,
    sleep: async (ms: number, signal?: AbortSignal) => {
      waits.push(ms);
      if (waits.length > 1 && !signal?.aborted)
        await new Promise((resolve) => signal?.addEventListener("abort", resolve));
    },
  };
  const storage = {
    ...createFileStorage(root),
    // biome-ignore lint/correctness/useYield: it fails before there is anything
    list: async function* () {
      looks++;
      throw new Error("away");
    },
  };
  const loop = startSweepLoop({ ...services, clock, storage });
  await expect.poll(() => waits, { timeout: 60_000 }).toEqual([hour, hour]);
  await loop.stop();
  expect(looks).toBe(2);
});
