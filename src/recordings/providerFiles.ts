import { type ReadTx, statement, type Tx } from "../db/port.ts";
import type { RecordingRef } from "../video/port.ts";
import { type Recording, refOf } from "./recording.ts";

const filesOfRoom = statement<{ file: string; recordingId: string }>(
  "providerFiles.ofRoom",
  `SELECT file, recording_id AS "recordingId" FROM provider_files WHERE room_id = $1`,
);

const claim = statement(
  "providerFiles.claim",
  `INSERT INTO provider_files (room_id, file, recording_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
);

const ownerOf = statement<{ recordingId: string }>(
  "providerFiles.ownerOf",
  `SELECT recording_id AS "recordingId" FROM provider_files WHERE room_id = $1 AND file = $2`,
);

/** One that may still be taken up, or was: seen to run, or accepted. */
const findNext = statement<{ requestedAt: number | null }>(
  "providerFiles.nextRecording",
  `SELECT min(requested_at) AS "requestedAt" FROM recordings
   WHERE meeting_id = $1 AND id > $2
     AND (started_at IS NOT NULL OR provider_ref ? 'acceptedAt' OR state IN ('starting', 'recording', 'stopping'))`,
);

/** How a provider that makes files itself is asked about a recording: with what is known of the others in its room. */
export async function refWithFiles(tx: ReadTx, recording: Recording): Promise<RecordingRef> {
  const known = await tx.all(filesOfRoom, [recording.roomId]);
  const next = await tx.first(findNext, [recording.meetingId, recording.id]);
  const own = known.find(({ recordingId }) => recordingId === recording.id);
  const others = known.filter((one) => one !== own);
  return {
    ...refOf(recording),
    ...(own ? { file: own.file } : {}),
    filesOfOthers: others.map(({ file }) => file),
    ...(next?.requestedAt ? { nextRequestedAt: next.requestedAt } : {}),
  };
}

/** Makes a file this recording's. @returns false when it is another's, or this recording has another */
export async function claimFile(tx: Tx, recording: Recording, file: string): Promise<boolean> {
  await tx.run(claim, [recording.roomId, file, recording.id]);
  return (await tx.first(ownerOf, [recording.roomId, file]))?.recordingId === recording.id;
}
