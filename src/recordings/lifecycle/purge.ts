import { statement } from "../../db/port.ts";
import { type Recording, refOf } from "../recording.ts";
import { listRenditions, removeRenditions } from "../renditions/renditions.ts";
import type { RecordingServices } from "../services.ts";

const markPurged = statement(
  "recordings.markPurged",
  `UPDATE recordings SET deadline_at = NULL, lease_owner = NULL, lease_until = NULL, size_bytes = 0,
     updated_at = app_now()
   WHERE id = $1 AND deleted_at IS NOT NULL`,
);

/** Removes what a deleted recording left behind: files, capture, rendition rows. Repeatable. */
export async function purgeRecording(
  services: RecordingServices,
  recording: Recording,
): Promise<void> {
  const { db, storage, video } = services;
  const renditions = await db.read((tx) => listRenditions(tx, recording.id));
  for (const { storageKey } of renditions) if (storageKey) await storage.delete(storageKey);
  await video.deleteRecording(refOf(recording));
  await db.transaction(async (tx) => {
    await removeRenditions(tx, recording.id);
    await tx.run(markPurged, [recording.id]);
  });
}
