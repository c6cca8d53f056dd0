import { useState } from "react";
import { Link } from "wouter";
import { functions } from "../api/functions.ts";
import { useLive } from "../api/useLive.ts";
import { InsightsSection } from "../insights/InsightsSection.tsx";
import { NotesSection } from "../notes/NotesSection.tsx";
import { Player } from "../player/Player.tsx";
import type { PlaybackElement } from "../player/playbackElement.ts";
import { useStartTime } from "../player/useStartTime.ts";
import { useRecording } from "../recordings/useRecording.ts";
import { Versions } from "../recordings/Versions.tsx";
import { TranscriptSection } from "../transcript/TranscriptSection.tsx";
import { Notice } from "../ui/Notice.tsx";
import { Page } from "../ui/Page.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";
import { Trouble } from "../ui/Trouble.tsx";
import { detailWords, isPlayable, type RecordingDetail, stateWords } from "../words/recordings.ts";
import { durationWords, momentWords } from "../words/time.ts";
import "../recordings/recordings.css";

/** One recording: what it is of, its player, its files. */
export function WatchPage({ recordingId }: { recordingId: string }) {
  const detail = useRecording(recordingId);
  const recording = detail.value;
  const meeting = useMeeting(recording?.meetingId);
  const [player, setPlayer] = useState<PlaybackElement | null>(null);
  useStartTime(player);
  return (
    <Page
      title={meeting?.title ?? "Recording"}
      trail={
        <nav className="trail" aria-label="Where you are">
          {recording === undefined ? (
            <Link href="/">← My meetings</Link>
          ) : (
            <Link href={`/meetings/${recording.meetingId}`}>← The meeting</Link>
          )}
        </nav>
      }
    >
      <Trouble error={detail.error} />
      {recording === undefined && detail.error === undefined && (
        <Skeleton rows={1} label="The recording is being fetched" />
      )}
      {recording !== undefined && (
        <>
          <Facts recording={recording} />
          <Screen {...{ recording }} onPlayer={setPlayer} />
          {isPlayable(recording) && (
            <TranscriptSection
              title={meeting?.title ?? "Recording"}
              isHost={meeting?.userRole === "host"}
              {...{ recording, player }}
            />
          )}
          {meeting?.state === "concluded" && (
            <InsightsSection
              meetingId={meeting._id}
              isHost={meeting.userRole === "host"}
              playing={{ recordingId, player }}
            />
          )}
          {meeting && <NotesSection meetingId={meeting._id} title={meeting.title} />}
          {isPlayable(recording) && (
            <section className="section" aria-label="Files">
              <h2>Files</h2>
              <div className="panel stack">
                <Versions {...{ recordingId, detail }} isHost={meeting?.userRole === "host"} />
              </div>
            </section>
          )}
        </>
      )}
    </Page>
  );
}

function Facts({ recording }: { recording: RecordingDetail }) {
  const { startedAt, requestedAt, durationMs, startedByName } = recording;
  return (
    <p className="card__meta page__facts">
      <span>Recorded {momentWords(startedAt ?? requestedAt, Date.now())}</span>
      {durationMs !== undefined && <span>{durationWords(durationMs)}</span>}
      {startedByName !== undefined && <span>started by {startedByName}</span>}
    </p>
  );
}

function Screen({
  recording,
  onPlayer,
}: {
  recording: RecordingDetail;
  onPlayer: (element: PlaybackElement | null) => void;
}) {
  const { recordingId, state, meetingId } = recording;
  if (state === "starting" || state === "recording")
    return (
      <Notice action={<Link href={`/meet/${meetingId}`}>Go to the meeting</Link>}>
        This meeting is still being recorded. It can be watched as soon as the recording is stopped.
      </Notice>
    );
  if (state === "failed" && !isPlayable(recording))
    return (
      <Notice tone="bad">
        {[stateWords(state), detailWords(recording)].filter(Boolean).join(": ")}
      </Notice>
    );
  return <Player {...{ recordingId, onPlayer }} />;
}

/** The meeting a recording was made of, once it is known: its title is an ornament here. */
function useMeeting(meetingId: string | undefined) {
  const { getMeeting } = functions.meetings.queries;
  return useLive(getMeeting, meetingId === undefined ? "skip" : { meetingId }).value;
}
