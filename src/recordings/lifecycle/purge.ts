import { statement } from "../../db/port.ts";
import { forgetUnbegunCapture } from "../archive/captures.ts";
import { refWithFiles } from "../providerFiles.ts";
import type { Recording } from "../recording.ts";
import { listRenditions, removeRenditions } from "../renditions/renditions.ts";
import type { RecordingServices } from "../services.ts";
import { now, postponeRecording } from "../store.ts";
import { lateFilePollMs } from "./deadlines.ts";

const markPurged = statement(
  "recordings.markPurged",
  `UPDATE recordings SET deadline_at = NULL, lease_owner = NULL, lease_until = NULL, size_bytes = 0,
     updated_at = app_now()
   WHERE id = $1 AND deleted_at IS NOT NULL`,
);

/**
 * Removes what a deleted recording left behind: files, capture, rendition rows; what the provider only makes later, later. An archived
 * capture is removed from the store by whoever archives.
 * Repeatable.
 */
export async function purgeRecording(
  services: RecordingServices,
  recording: Recording,
): Promise<void> {
  const { db, storage, video } = services;
  const renditions = await db.read((tx) => listRenditions(tx, recording.id));
  for (const { storageKey } of renditions) if (storageKey) await storage.delete(storageKey);
  const ref = await db.read((tx) => refWithFiles(tx, recording));
  const isGone = await video.deleteRecording(ref);
  await db.transaction(async (tx) => {
    await removeRenditions(tx, recording.id);
    await forgetUnbegunCapture(tx, recording.id);
    const ageMs = (await now(tx)) - recording.requestedAt;
    if (isGone) await tx.run(markPurged, [recording.id]);
    else await postponeRecording(tx, recording, (await now(tx)) + lateFilePollMs(ageMs));
  });
}
