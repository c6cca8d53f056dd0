import { AppError } from "../../core/errors.ts";
import type { RecordingConfig } from "../../core/recording.ts";
import { gone } from "../recording.ts";
import type { RecordingServices } from "../services.ts";
import { lockRecording } from "../store.ts";
import { ensureRendition, type Rendition } from "./renditions.ts";

/**
 * Asks for another rendition of a finished capture. The same look again is the same rendition.
 * @throws AppError NOT_FOUND (no such recording, or deleted), CONFLICT (not stopped, or it never began), VALIDATION_ERROR when nothing
 * was captured
 */
export function composeRecording(
  { db, video }: Pick<RecordingServices, "db" | "video">,
  userId: string,
  recordingId: string,
  config: RecordingConfig,
): Promise<Rendition> {
  return db.transaction(async (tx) => {
    const recording = await lockRecording(tx, recordingId);
    if (!recording)
      throw new AppError("NOT_FOUND", "There is no such recording", { id: recordingId });
    if (recording.deletedAt !== null) throw gone(recording);
    if (recording.stoppedAt === null) {
      throw new AppError("CONFLICT", "The recording has to be stopped before it can be composed", {
        recordingId,
        state: recording.state,
      });
    }
    if (!video.capabilities.composesLocally) {
      throw new AppError(
        "VALIDATION_ERROR",
        "The video provider makes one file of a recording, in the look it was started with; other versions cannot be made",
        { field: "recordingId", reason: "renditions_unsupported" },
      );
    }
    if (recording.tracks.length === 0) {
      throw new AppError("VALIDATION_ERROR", "Nothing was captured that could be composed", {
        field: "recordingId",
        reason: "no_media",
      });
    }
    return ensureRendition(tx, recording, config, userId);
  });
}
