import { useEffect, useState } from "react";
import { Link } from "wouter";
import type { ApiClient } from "../api/client.ts";
import { functions } from "../api/functions.ts";
import { Player } from "../player/Player.tsx";
import { useRecording } from "../recordings/useRecording.ts";
import { Versions } from "../recordings/Versions.tsx";
import { useApi } from "../session/sessionContext.tsx";
import { Notice } from "../ui/Notice.tsx";
import { Page } from "../ui/Page.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";
import { Trouble } from "../ui/Trouble.tsx";
import type { Meeting } from "../words/meetings.ts";
import { detailWords, isPlayable, type RecordingDetail, stateWords } from "../words/recordings.ts";
import { durationWords, momentWords } from "../words/time.ts";
import "../recordings/recordings.css";

/** One recording: what it is of, its player, its files. */
export function WatchPage({ recordingId }: { recordingId: string }) {
  const api = useApi();
  const detail = useRecording(recordingId);
  const recording = detail.value;
  const meeting = useMeeting(api, recording?.meetingId);
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
          <Screen recording={recording} api={api} />
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

function Screen({ recording, api }: { recording: RecordingDetail; api: ApiClient }) {
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
  return <Player recordingId={recordingId} api={api} />;
}

/** The meeting a recording was made of, once it is known. */
function useMeeting(api: ApiClient, meetingId: string | undefined): Meeting | undefined {
  const [meeting, setMeeting] = useState<Meeting>();
  useEffect(() => {
    if (meetingId === undefined) return;
    api
      .query(functions.meetings.queries.getMeeting, { meetingId })
      .then((found) => setMeeting(found ?? undefined))
      // The title is an ornament here: the page does without.
      .catch(() => undefined);
  }, [api, meetingId]);
  return meeting;
}
