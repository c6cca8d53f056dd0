import { functions } from "../../api/functions.ts";
import { type Action, useAction } from "../../api/useAction.ts";
import type { MeetingContext } from "../parts/meetingTypes.ts";
import type { RecordChoice } from "./RecordDialog.tsx";

export interface RecordingTask extends Action {
  start: (choice: RecordChoice) => Promise<boolean>;
  pause: (recordingId: string) => Promise<boolean>;
  resume: (recordingId: string) => Promise<boolean>;
  stop: (recordingId: string) => Promise<boolean>;
}

/** What a host does with the recording. */
export function useRecordingTask({ api, meetingId }: MeetingContext): RecordingTask {
  const task = useAction();
  const { run } = task;
  const { index } = functions.meetings.stream;
  const { actions } = functions.recordings;
  return {
    ...task,
    start: ({ audioOnly, ...look }) => {
      const recordingConfig = audioOnly ? { audioOnly } : look;
      return run(() => api.action(index.startRecording, { meetingId, recordingConfig }));
    },
    pause: (recordingId) => run(() => api.action(actions.pauseRecording, { recordingId })),
    resume: (recordingId) => run(() => api.action(actions.resumeRecording, { recordingId })),
    stop: (recordingId) => run(() => api.action(index.stopRecording, { meetingId, recordingId })),
  };
}
