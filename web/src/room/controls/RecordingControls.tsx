import { useState } from "react";
import { RecordDialog } from "../recording/RecordDialog.tsx";
import type { RecordingView } from "../recording/recordingView.ts";
import { type RecordingTask, useRecordingTask } from "../recording/useRecordingTask.ts";
import { useRoom } from "../state/roomContext.ts";
import { Control } from "./Control.tsx";
import { ControlProblem } from "./ControlProblem.tsx";

/** Record, pause, go on and stop; for hosts. */
export function RecordingControls() {
  const { context, meeting, recording } = useRoom();
  const [asking, setAsking] = useState(false);
  const task = useRecordingTask(context);
  const close = () => {
    setAsking(false);
    task.forget();
  };
  if (recording !== undefined) return <Running recording={recording} task={task} />;
  return (
    <>
      <Control icon="record" label="Record" onClick={() => setAsking(true)} />
      {asking ? (
        <RecordDialog
          transcribed={meeting.transcription === true}
          busy={task.busy}
          error={task.error}
          onClose={close}
          onStart={async (choice) => {
            if (await task.start(choice)) close();
          }}
        />
      ) : (
        <ControlProblem task={task} />
      )}
    </>
  );
}

function Running({ recording, task }: { recording: RecordingView; task: RecordingTask }) {
  const { recordingId, state } = recording;
  const busy = task.busy || state === "starting" || state === "stopping";
  const paused = state === "paused";
  return (
    <>
      <Control
        icon={paused ? "resume" : "pause"}
        label={paused ? "Resume recording" : "Pause recording"}
        busy={busy}
        onClick={() => void (paused ? task.resume(recordingId) : task.pause(recordingId))}
      />
      <Control
        icon="stop"
        label="Stop recording"
        busy={busy}
        onClick={() => void task.stop(recordingId)}
      />
      <ControlProblem task={task} />
    </>
  );
}
