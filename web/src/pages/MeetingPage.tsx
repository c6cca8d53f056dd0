import { useCallback, useState } from "react";
import { Link } from "wouter";
import { functions } from "../api/functions.ts";
import { usePolled } from "../api/usePolled.ts";
import { InvitePeople } from "../meetings/InvitePeople.tsx";
import { useStart } from "../meetings/MeetingCard.tsx";
import { MeetingEnd } from "../meetings/MeetingEnd.tsx";
import { People } from "../meetings/People.tsx";
import { RecordingBadge } from "../meetings/RecordingBadge.tsx";
import { RecordingsList } from "../recordings/RecordingsList.tsx";
import { useApi } from "../session/sessionContext.tsx";
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

/** Asked again, ms. */
const pollMs = 3000;

/** One meeting before, while and after it runs: its people and its recordings. */
export function MeetingPage({ meetingId }: { meetingId: string }) {
  const api = useApi();
  const ask = useCallback(async () => {
    const [meeting, people, recordings] = await Promise.all([
      api.query(functions.meetings.queries.getMeeting, { meetingId }),
      api.query(functions.meetings.queries.listMeetingParticipants, { meetingId }),
      api.query(functions.recordings.queries.listRecordings, { meetingId, limit: 100 }),
    ]);
    return { meeting, people, recordings };
  }, [api, meetingId]);
  const { value, error, refresh } = usePolled(ask, pollMs);
  const meeting = value?.meeting ?? undefined;
  const isHost = meeting?.userRole === "host";
  return (
    <Page
      title={meeting?.title ?? "Meeting"}
      trail={
        <nav className="trail" aria-label="Where you are">
          <Link href="/">← My meetings</Link>
        </nav>
      }
      actions={meeting && <MeetingActions meeting={meeting} onChanged={refresh} />}
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
      {value === undefined && error === undefined && (
        <Skeleton rows={2} label="The meeting is being fetched" />
      )}
      {value !== undefined && (
        <>
          <section className="section" aria-label="Recordings">
            <h2>Recordings</h2>
            <RecordingsList recordings={value.recordings} isHost={isHost} onChanged={refresh} />
          </section>
          <section className="section" aria-label="People">
            <h2>People</h2>
            <People
              meetingId={meetingId}
              people={value.people}
              canRemove={isHost}
              onChanged={refresh}
            />
          </section>
        </>
      )}
    </Page>
  );
}

interface MeetingActionsProps {
  meeting: Meeting;
  onChanged: () => Promise<void>;
}

function MeetingActions({ meeting, onChanged }: MeetingActionsProps) {
  const { _id, title, state, userRole } = meeting;
  const { start, busy, error } = useStart(_id);
  const [inviting, setInviting] = useState(false);
  const isHost = userRole === "host";
  if (state === "concluded" || state === "cancelled") return null;
  return (
    <div className="row">
      {isHost && <MeetingEnd {...{ meeting, onChanged }} />}
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
