import { clockWords } from "../../words/time.ts";
import { type RecordingView, recordedMs, timeOfDay } from "./recordingView.ts";
import { useNow } from "./useNow.ts";

/** That, since when and by whom the meeting is recorded, and that it is written down; for everybody, all the time. */
export function RecordingBadge({ recording }: { recording: RecordingView }) {
  const { state, startedAt, by, transcribed } = recording;
  const now = useNow(500);
  return (
    <div className={`recordingBadge recordingBadge--${state}`}>
      <span className="recordingBadge__dot" aria-hidden="true" />
      <strong>{transcribed && state === "recording" ? transcribedWords : stateWords[state]}</strong>
      {startedAt !== undefined && (
        <>
          <span className="recordingBadge__clock" role="timer">
            {clockWords(recordedMs(recording, now))}
          </span>
          <span className="recordingBadge__by">
            since {timeOfDay(startedAt)}
            {by !== undefined && `, started by ${by}`}
          </span>
        </>
      )}
    </div>
  );
}

const transcribedWords = "Recorded and written down";

const stateWords = {
  starting: "Recording starts",
  recording: "Recording",
  paused: "Recording paused",
  stopping: "Recording stops",
} as const;
