import { functions } from "../api/functions.ts";
import { type Live, useLive } from "../api/useLive.ts";
import type { RecordingDetail } from "../words/recordings.ts";

/** All about one recording; nothing while it is not `wanted`. */
export function useRecording(recordingId: string, wanted = true): Live<RecordingDetail> {
  return useLive(functions.recordings.queries.getRecording, wanted ? { recordingId } : "skip");
}
