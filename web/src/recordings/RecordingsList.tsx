import type { RecordingSummary } from "../words/recordings.ts";
import { RecordingCard, type RecordingCardProps } from "./RecordingCard.tsx";

export type RecordingsListProps = Omit<RecordingCardProps, "recording"> & {
  recordings: RecordingSummary[];
};

/** The recordings of one meeting, the newest first. */
export function RecordingsList({ recordings, ...rest }: RecordingsListProps) {
  if (recordings.length === 0)
    return (
      <p className="soft">Nothing has been recorded. A host can record while the meeting runs.</p>
    );
  return (
    <ul className="cards">
      {recordings.map((recording) => (
        <RecordingCard key={recording.recordingId} recording={recording} {...rest} />
      ))}
    </ul>
  );
}
