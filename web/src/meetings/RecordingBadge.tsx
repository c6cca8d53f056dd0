import { Badge } from "../ui/Badge.tsx";
import type { Meeting } from "../words/meetings.ts";

/** Says that a meeting is being recorded; nothing when it is not. */
export function RecordingBadge({ recording }: { recording: Meeting["recording"] | undefined }) {
  if (recording === undefined) return null;
  return <Badge tone="recording">{stateWords[recording.state]}</Badge>;
}

const stateWords = {
  starting: "Recording starts",
  recording: "Being recorded",
  stopping: "Recording stops",
} as const;
