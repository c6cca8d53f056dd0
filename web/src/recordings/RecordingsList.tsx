import type { RecordingSummary } from "../words/recordings.ts";
import { RecordingCard } from "./RecordingCard.tsx";

export interface RecordingsListProps {
  recordings: RecordingSummary[];
  /** Of the people of the meeting, by user id. */
  names: ReadonlyMap<string, string>;
  isHost: boolean;
  onChanged: () => Promise<void>;
}

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
