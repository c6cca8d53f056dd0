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

/** How a provider that makes files itself is asked about a recording: with the files of its room that are known. */
export async function refWithFiles(tx: ReadTx, recording: Recording): Promise<RecordingRef> {
  const known = await tx.all(filesOfRoom, [recording.roomId]);
  const own = known.find(({ recordingId }) => recordingId === recording.id);
  const others = known.filter((one) => one !== own);
  return {
    ...refOf(recording),
    ...(own ? { file: own.file } : {}),
    filesOfOthers: others.map(({ file }) => file),
  };
}

/** Makes a file this recording's. @returns false when it is another's, or this recording has another */
export async function claimFile(tx: Tx, recording: Recording, file: string): Promise<boolean> {
  await tx.run(claim, [recording.roomId, file, recording.id]);
  return (await tx.first(ownerOf, [recording.roomId, file]))?.recordingId === recording.id;
}
