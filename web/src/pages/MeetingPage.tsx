import { useState } from "react";
import { Link } from "wouter";
import { functions } from "../api/functions.ts";
import { useLive } from "../api/useLive.ts";
import { IdeasSection } from "../insights/IdeasSection.tsx";
import { InsightsSection } from "../insights/InsightsSection.tsx";
import { InvitePeople } from "../meetings/InvitePeople.tsx";
import { useStart } from "../meetings/MeetingCard.tsx";
import { MeetingEnd } from "../meetings/MeetingEnd.tsx";
import { People } from "../meetings/People.tsx";
import { RecordingBadge } from "../meetings/RecordingBadge.tsx";
import { NotesSection } from "../notes/NotesSection.tsx";
import { RecordingsList } from "../recordings/RecordingsList.tsx";
import { Badge } from "../ui/Badge.tsx";
import { Button, buttonClass } from "../ui/Button.tsx";
import { Page } from "../ui/Page.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";
import { Trouble } from "../ui/Trouble.tsx";
import { type Meeting, whenWords } from "../words/meetings.ts";
import { capital } from "../words/time.ts";
import "../meetings/meetings.css";
import "../recordings/recordings.css";

/** One meeting before, while and after it runs: its people and its recordings. */
export function MeetingPage({ meetingId }: { meetingId: string }) {
  const { getMeeting, listMeetingParticipants } = functions.meetings.queries;
  const { listRecordings } = functions.recordings.queries;
  const { value, error, loading } = useLive(getMeeting, { meetingId });
  const people = useLive(listMeetingParticipants, { meetingId }).value;
  const recordings = useLive(listRecordings, { meetingId, limit: 100 }).value;
  const meeting = value ?? undefined;
  const isHost = meeting?.userRole === "host";
  return (
    <Page
      title={meeting?.title ?? "Meeting"}
      trail={
        <nav className="trail" aria-label="Where you are">
          <Link href="/">← My meetings</Link>
        </nav>
      }
      actions={meeting && <MeetingActions meeting={meeting} />}
    >
      {meeting && (
        <p className="card__meta page__facts">
          {meeting.state === "active" ? (
            <Badge tone="good">Running now</Badge>
          ) : (
            capital(whenWords(meeting, Date.now()))
          )}
          <RecordingBadge recording={meeting.recording} />
        </p>
      )}
      <Trouble error={error} />
      {meeting?.description !== undefined && <p className="description">{meeting.description}</p>}
      {loading && <Skeleton rows={2} label="The meeting is being fetched" />}
      {recordings !== undefined && (
        <section className="section" aria-label="Recordings">
          <h2>Recordings</h2>
          <RecordingsList recordings={recordings} isHost={isHost} />
        </section>
      )}
      {meeting?.state === "scheduled" && <IdeasSection meetingId={meetingId} />}
      {meeting?.state === "concluded" && <InsightsSection meetingId={meetingId} isHost={isHost} />}
      {meeting && <NotesSection meetingId={meetingId} title={meeting.title} />}
      {people !== undefined && (
        <section className="section" aria-label="People">
          <h2>People</h2>
          <People meetingId={meetingId} people={people} canRemove={isHost} />
        </section>
      )}
    </Page>
  );
}

function MeetingActions({ meeting }: { meeting: Meeting }) {
  const { _id, title, state, userRole } = meeting;
  const { start, busy, error } = useStart(_id);
  const [inviting, setInviting] = useState(false);
  const isHost = userRole === "host";
  if (state === "concluded" || state === "cancelled") return null;
  return (
    <div className="row">
      {isHost && <MeetingEnd meeting={meeting} />}
      {isHost && <Button onClick={() => setInviting(true)}>Invite people</Button>}
      {state === "scheduled" && isHost && (
        <Button look="primary" busy={busy} onClick={start}>
          Start
        </Button>
      )}
      {state === "active" && (
        <Link href={`/meet/${_id}`} className={buttonClass("primary")}>
          Join
        </Link>
      )}
      {error !== undefined && <RefusalNotice error={error} />}
      {inviting && (
        <InvitePeople meetingId={_id} title={title} onClose={() => setInviting(false)} />
      )}
    </div>
  );
}
