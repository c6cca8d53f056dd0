import { useEffect, useRef, useState } from "react";
import type { MeetingContext } from "../parts/meetingTypes.ts";
import type { RecordingView } from "./recordingView.ts";

/** The newest recording that has ended while one was here; tells of beginnings and ends. */
export function useFinishedRecording(
  recording: RecordingView | undefined,
  onEvent: MeetingContext["onEvent"],
): string | undefined {
  const [finished, setFinished] = useState<string>();
  const running = useRef<string>(undefined);
  const runs = recording?.state === "recording" || recording?.state === "paused";
  const { recordingId, startedAt } = recording ?? {};
  useEffect(() => {
    if (recordingId !== undefined && runs && running.current !== recordingId) {
      running.current = recordingId;
      setFinished(undefined);
      onEvent?.({ type: "recordingstarted", recordingId, startedAt });
    }
    if (recordingId === undefined && running.current !== undefined) {
      setFinished(running.current);
      onEvent?.({ type: "recordingstopped", recordingId: running.current });
      running.current = undefined;
    }
  }, [recordingId, runs, startedAt, onEvent]);
  return finished;
}
