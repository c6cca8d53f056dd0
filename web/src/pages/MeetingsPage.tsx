import { lazy, Suspense, useEffect, useState } from "react";
import { Link, useLocation } from "wouter";
import { functions } from "../api/functions.ts";
import { useLive } from "../api/useLive.ts";
import { MeetingCard } from "../meetings/MeetingCard.tsx";
import { Button, buttonClass } from "../ui/Button.tsx";
import { Page } from "../ui/Page.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";
import { useToast } from "../ui/Toast.tsx";
import { Trouble } from "../ui/Trouble.tsx";
import type { Meeting } from "../words/meetings.ts";

const loadCreateMeeting = () => import("../meetings/CreateMeeting.tsx");
const CreateMeeting = lazy(async () => ({ default: (await loadCreateMeeting()).CreateMeeting }));

/** Of the past shown at first. */
const shownAtFirst = 10;
const listLimit = 100;

/** All meetings of the person who is signed in. */
export function MeetingsPage() {
  const say = useToast();
  const [, go] = useLocation();
  const [creating, setCreating] = useState(false);
  const { value, error, loading } = useLive(functions.meetings.queries.listUserMeetings, {
    limit: listLimit,
  });
  const isShown = value !== undefined;
  useEffect(() => {
    // After the list, and before it is asked for: then the server may be away.
    if (isShown) void loadCreateMeeting().catch(() => undefined);
  }, [isShown]);
  const created = (meetingId: string, started: boolean) => {
    setCreating(false);
    if (started) return go(`/meet/${meetingId}`);
    say("Meeting scheduled");
  };
  const create = (
    <div className="row">
      <Link href="/search" className={buttonClass()}>
        Search
      </Link>
      <Link href="/match" className={buttonClass()}>
        Meet somebody
      </Link>
      <Button look="primary" onClick={() => setCreating(true)}>
        New meeting
      </Button>
    </div>
  );
  return (
    <Page title="My meetings" actions={create}>
      <Trouble error={error} />
      {loading && <Skeleton rows={3} label="Your meetings are being fetched" />}
      {value?.length === 0 && (
        <div className="empty">
          <h2>No meetings yet</h2>
          <p>Start one and invite others by a link. Meetings you are invited to appear here too.</p>
        </div>
      )}
      {value !== undefined && <Groups meetings={value} />}
      {creating && (
        <Suspense>
          <CreateMeeting onClose={() => setCreating(false)} onCreated={created} />
        </Suspense>
      )}
    </Page>
  );
}

function Groups({ meetings }: { meetings: Meeting[] }) {
  const [all, setAll] = useState(false);
  const of = (...states: Meeting["state"][]) =>
    meetings.filter(({ state }) => states.includes(state));
  const past = of("concluded", "cancelled");
  const upcoming = of("scheduled").sort(byTime);
  return (
    <>
      <Group title="Running now" meetings={of("active")} />
      <Group title="To come" meetings={upcoming} />
      <Group title="Past" meetings={all ? past : past.slice(0, shownAtFirst)} />
      {!all && past.length > shownAtFirst && (
        <Button look="quiet" onClick={() => setAll(true)}>
          Show all {past.length} past meetings
        </Button>
      )}
    </>
  );
}

function Group({ title, meetings }: { title: string; meetings: Meeting[] }) {
  if (meetings.length === 0) return null;
  const now = Date.now();
  return (
    <section className="section" aria-label={title}>
      <h2>{title}</h2>
      <ul className="cards">
        {meetings.map((meeting) => (
          <MeetingCard key={meeting._id} meeting={meeting} now={now} />
        ))}
      </ul>
    </section>
  );
}

/** The soonest first; without a time, after those with one. */
function byTime(a: Meeting, b: Meeting): number {
  return (a.scheduledAt ?? Number.MAX_VALUE) - (b.scheduledAt ?? Number.MAX_VALUE);
}
