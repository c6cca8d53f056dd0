import { statement, type Tx } from "../../db/port.ts";
import { forgetUnbegunCapture } from "../archive/captures.ts";
import { asking } from "../notices.ts";
import { refWithFiles } from "../providerFiles.ts";
import type { Recording } from "../recording.ts";
import { listRenditions, removeRenditions } from "../renditions/renditions.ts";
import type { RecordingServices } from "../services.ts";
import { now, postponeRecording } from "../store.ts";
import { crowdMs, lateFilePollMs, spreadOf } from "./deadlines.ts";
import { stopUnowned } from "./lateFile.ts";

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
  if (recording.state === "failed" && !video.capabilities.composesLocally)
    await stopUnowned(services, recording);
  const ref = await db.read((tx) => refWithFiles(tx, recording));
  const isGone = await video.deleteRecording(ref);
  await db.transaction(async (tx) => {
    await removeRenditions(tx, recording.id);
    await forgetUnbegunCapture(tx, recording.id);
    if (isGone) await tx.run(markPurged, [recording.id]);
    else await postponeRecording(tx, recording, await nextLook(tx, recording));
  });
}

/** When the provider is asked again for what it may still make, epoch ms. */
async function nextLook(tx: Tx, recording: Recording): Promise<number> {
  const at = await now(tx);
  const crowded = crowdMs(await asking(tx), { spread: spreadOf(recording) });
  return at + Math.max(lateFilePollMs(at - recording.requestedAt), crowded);
}
