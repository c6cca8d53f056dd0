import { useCallback } from "react";
import { functions } from "../api/functions.ts";
import { type Polled, usePolled } from "../api/usePolled.ts";
import { useApi } from "../session/sessionContext.tsx";
import type { RecordingDetail } from "../words/recordings.ts";

/** Asked again, ms: progress moves about that often. */
const pollMs = 2000;

/** All about one recording, kept fresh; nothing while it is not `wanted`. */
export function useRecording(recordingId: string, wanted = true): Polled<RecordingDetail> {
  const api = useApi();
  const ask = useCallback(
    () => api.query(functions.recordings.queries.getRecording, { recordingId }),
    [api, recordingId],
  );
  return usePolled(ask, pollMs, wanted);
}
