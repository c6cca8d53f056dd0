import { Notice } from "../../ui/Notice.tsx";
import { agoWords, type RecordingView, timeOfDay } from "./recordingView.ts";
import { useNow } from "./useNow.ts";

/** Tells before joining that one will be recorded, and what one says written down. */
export function RecordingNotice({ recording }: { recording: RecordingView }) {
  const { by, startedAt, state, transcribed } = recording;
  const now = useNow(15_000);
  return (
    <Notice tone="warn">
      <strong>{headline(state)}</strong>{" "}
      {startedAt !== undefined && (
        <>
          Since {timeOfDay(startedAt)} ({agoWords(startedAt, now)})
          {by === undefined ? "." : `, started by ${by}.`}{" "}
        </>
      )}
      If you join, you are recorded too{transcribed && ", and what you say is written down"}.
    </Notice>
  );
}

function headline(state: RecordingView["state"]): string {
  if (state === "starting") return "A recording of this meeting is being started.";
  if (state === "paused") return "This meeting is being recorded; the recording is paused.";
  if (state === "stopping") return "A recording of this meeting is being stopped.";
  return "This meeting is being recorded.";
}
