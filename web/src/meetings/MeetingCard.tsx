import { Link, useLocation } from "wouter";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { useAction } from "../api/useAction.ts";
import { Badge } from "../ui/Badge.tsx";
import { Button, buttonClass } from "../ui/Button.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { VisuallyHidden } from "../ui/VisuallyHidden.tsx";
import { type Meeting, peopleWords, whenWords } from "../words/meetings.ts";
import { capital } from "../words/time.ts";
import { RecordingBadge } from "./RecordingBadge.tsx";

/** One meeting of a list, with the one thing to do next. */
export function MeetingCard({ meeting, now }: { meeting: Meeting; now: number }) {
  const { _id, title, state, participantCount, userRole } = meeting;
  const start = useStart(_id);
  return (
    <li className="card">
      <div className="card__main">
        <h3 className="card__title">
          <Link href={`/meetings/${_id}`}>{title}</Link>
        </h3>
        <p className="card__meta">
          {state === "active" ? (
            <Badge tone="good">Running now</Badge>
          ) : (
            capital(whenWords(meeting, now))
          )}
          <RecordingBadge recording={meeting.recording} />
          {participantCount !== undefined && <span>{peopleWords(participantCount)}</span>}
          {userRole === "observer" && <span>You watch</span>}
        </p>
      </div>
      <div className="card__actions">
        {state === "active" && (
          <Link href={`/meet/${_id}`} className={buttonClass("primary")}>
            Join<VisuallyHidden> {title}</VisuallyHidden>
          </Link>
        )}
        {state === "scheduled" && userRole === "host" && (
          <Button busy={start.busy} onClick={start.start}>
            Start<VisuallyHidden> {title}</VisuallyHidden>
          </Button>
        )}
      </div>
      {start.error !== undefined && (
        <div className="card__more">
          <RefusalNotice error={start.error} />
        </div>
      )}
    </li>
  );
}

/** Starts a meeting and goes there. */
export function useStart(meetingId: string) {
  const api = useApi();
  const [, go] = useLocation();
  const { run, busy, error } = useAction();
  const start = () =>
    void run(async () => {
      await api.mutation(functions.meetings.lifecycle.startMeeting, { meetingId });
      go(`/meet/${meetingId}`);
    });
  return { start, busy, error };
}
