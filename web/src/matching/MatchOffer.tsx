import { Link } from "wouter";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { useAction } from "../api/useAction.ts";
import { useStart } from "../meetings/MeetingCard.tsx";
import { Button, buttonClass } from "../ui/Button.tsx";
import { Notice } from "../ui/Notice.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { type Match, partnerName, timesWords } from "../words/matching.ts";
import { capital, momentWords } from "../words/time.ts";

/** Whom somebody was matched with and why, and what they say to it. */
export function MatchOffer({ match }: { match: Match }) {
  const api = useApi();
  const { run, busy, error } = useAction();
  const { matchId, meetingId, reasons, startsAt, endsAt, state } = match;
  const name = partnerName(match);
  const say = (outcome: "accepted" | "declined") =>
    void run(() =>
      api.mutation(functions.matching.analytics.submitMatchFeedback, { matchId, outcome }),
    );
  const isOpen = state === "proposed" && !match.hasAccepted;
  return (
    <section className="panel stack" aria-label={`Your match: ${name}`}>
      <h2>{name}</h2>
      <ul className="match__reasons">
        {reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
      <p>
        You are both free {timesWords(startsAt, endsAt, Date.now())}.{" "}
        <Link href={`/meetings/${meetingId}`}>Your meeting</Link>
      </p>
      <Standing match={match} name={name} />
      {error !== undefined && <RefusalNotice error={error} />}
      <div className="row">
        {isOpen && (
          <Button look="primary" busy={busy} onClick={() => say("accepted")}>
            Accept
          </Button>
        )}
        {state === "accepted" && <GoToMeeting match={match} />}
        {match.meetingState === "scheduled" && (
          <Button busy={busy} onClick={() => say("declined")}>
            {isOpen ? "Decline" : "Call it off"}
          </Button>
        )}
      </div>
    </section>
  );
}

function Standing({ match, name }: { match: Match; name: string }) {
  const { state, hasAccepted, partner, answerBy } = match;
  if (state === "accepted") return <Notice tone="good">You have both said yes.</Notice>;
  const until = momentWords(answerBy, Date.now());
  if (hasAccepted)
    return (
      <Notice>
        You have said yes. {capital(name)} has until {until} to answer.
      </Notice>
    );
  return (
    <Notice>
      {partner.hasAccepted ? `${capital(name)} has said yes. ` : ""}Please answer until {until}.
    </Notice>
  );
}

/** Whoever comes first starts it. */
function GoToMeeting({ match: { meetingId, meetingState } }: { match: Match }) {
  const { start, busy, error } = useStart(meetingId);
  if (meetingState === "active")
    return (
      <Link href={`/meet/${meetingId}`} className={buttonClass("primary")}>
        Join the meeting
      </Link>
    );
  return (
    <>
      <Button look="primary" busy={busy} onClick={start}>
        Start the meeting
      </Button>
      {error !== undefined && <RefusalNotice error={error} />}
    </>
  );
}
