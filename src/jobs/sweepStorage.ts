import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { type Database, statement } from "../db/port.ts";
import type { Archive, ListedObject, Storage } from "../storage/port.ts";
import { type Loop, startLoop } from "./loop.ts";

const idleMs = 3_600_000;
/** What is younger may still be written or be about to get its row, ms. */
const youngMs = 24 * 3_600_000;
/** Objects whose rows are asked for at once. */
const batch = 500;

/** An object as the composer names it: its recording and its rendition. */
const objectKey = /^recordings\/(recording_[0-9a-z]{26})\/rendition_[0-9a-z]{26}[^/]*$/;

/** An object of an archived capture. */
const captureKey = /^captures\/(recording_[0-9a-z]{26})\/[^/]+$/;

/** Deleted recordings of which nothing is known to be in the store. */
const overIds = statement<{ id: string }>(
  "sweepStorage.overCaptures",
  `SELECT r.id FROM recordings r WHERE r.id = ANY($1) AND r.deleted_at IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM captures c WHERE c.recording_id = r.id)`,
);

/** The files of recordings that this database has, deleted ones too. */
const filesOf = statement<{ id: string; keys: string[] }>(
  "sweepStorage.filesOf",
  `SELECT r.id, array(SELECT d.storage_key FROM renditions d
     WHERE d.recording_id = r.id AND d.storage_key IS NOT NULL) AS keys
   FROM recordings r WHERE r.id = ANY($1)`,
);

interface SweepServices {
  db: Database;
  storage: Storage;
  /** Where captures are archived, if they are. */
  archive?: Archive | undefined;
  clock: Clock;
  log: Log;
}

/**
 * Removes files no rendition has, which a kill between storing and noting leaves behind, and uploads nobody goes on with.
 * Files of recordings the database does not know stay: it may have been restored from an older backup.
 * @returns how many of each
 */
export async function sweepStorage(
  { db, storage, archive, clock }: SweepServices,
  signal?: AbortSignal,
): Promise<{ objects: number; uploads: number }> {
  const before = clock.now() - youngMs;
  let objects = 0;
  for await (const found of batches(storage.list(), before)) {
    if (signal?.aborted) return { objects, uploads: 0 };
    for (const key of await unreferenced(db, found)) {
      await storage.delete(key);
      objects++;
    }
  }
  if (archive) objects += await sweepCaptures(db, archive, before);
  return { objects, uploads: await storage.abandonUploads(youngMs) };
}

/** What came after a deleted recording's capture was removed, from a worker that stood still. @returns how many objects */
async function sweepCaptures(db: Database, archive: Archive, before: number): Promise<number> {
  let objects = 0;
  for await (const found of batches(archive.listFolder("captures"), before, captureKey)) {
    const ids = [...new Set(found.values())];
    const over = new Set((await db.read((tx) => tx.all(overIds, [ids]))).map(({ id }) => id));
    for (const id of over) await archive.removeFolder(`captures/${id}`);
    objects += [...found.values()].filter((id) => over.has(id)).length;
  }
  return objects;
}

/** Keys of objects last changed before that time, epoch ms, with the recordings they are of. */
async function* batches(
  listed: AsyncIterable<ListedObject>,
  before: number,
  pattern = objectKey,
): AsyncGenerator<Map<string, string>> {
  let found = new Map<string, string>();
  for await (const { key, modifiedAt } of listed) {
    const recordingId = pattern.exec(key)?.[1];
    if (recordingId === undefined || modifiedAt >= before) continue;
    found.set(key, recordingId);
    if (found.size < batch) continue;
    yield found;
    found = new Map();
  }
  if (found.size > 0) yield found;
}

async function unreferenced(db: Database, found: Map<string, string>): Promise<string[]> {
  const rows = await db.read((tx) => tx.all(filesOf, [[...new Set(found.values())]]));
  const known = new Map(rows.map(({ id, keys }) => [id, new Set(keys)]));
  return [...found]
    .filter(([key, recordingId]) => known.get(recordingId)?.has(key) === false)
    .map(([key]) => key);
}

/** Sweeps once an hour on every node; what two of them remove at once is removed once. */
export function startSweepLoop(services: SweepServices): Loop {
  const { clock, log } = services;
  const work = async (signal: AbortSignal) => {
    const removed = await sweepStorage(services, signal);
    if (removed.objects + removed.uploads > 0)
      log.info(removed, "removed files and uploads that nothing refers to");
    return false;
  };
  return startLoop({ name: "sweepStorage", idleMs, clock, log, work });
}
