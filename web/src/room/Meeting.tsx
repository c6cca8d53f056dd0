import { useState } from "react";
import { ApiError } from "../api/apiError.ts";
import { functions } from "../api/functions.ts";
import { useAction } from "../api/useAction.ts";
import { useLive } from "../api/useLive.ts";
import { Spinner } from "../ui/Spinner.tsx";
import { explain } from "../words/refusals.ts";
import { Attendance } from "./Attendance.tsx";
import { Lobby } from "./lobby/Lobby.tsx";
import { Over } from "./Over.tsx";
import type { MeetingContext, MeetingFacts, MeetingView } from "./parts/meetingTypes.ts";
import { useLocalMedia } from "./parts/useLocalMedia.ts";

type Place = "lobby" | "room" | "left";

/** One meeting from its lobby to its end. */
export function Meeting({ context }: { context: MeetingContext }) {
  return (
    <div className="meeting">
      <AnyMeeting context={context} />
    </div>
  );
}

/** The meeting, or why there is none to be shown. */
function AnyMeeting({ context }: { context: MeetingContext }) {
  const { meetingId } = context;
  const { getMeeting, listMeetingParticipants } = functions.meetings.queries;
  const { value: meeting, error, loading } = useLive(getMeeting, { meetingId });
  const { value: attendees = [] } = useLive(listMeetingParticipants, { meetingId });
  // Whoever is removed keeps what they saw last, to be told of it there.
  if (meeting)
    return (
      <KnownMeeting context={context} facts={{ meeting, attendees }} removed={isUnknown(error)} />
    );
  return loading ? <Waiting /> : <Unreachable context={context} error={error} />;
}

/** The same for a meeting that does not exist and for one that the person is no part of. */
function isUnknown(error: unknown): boolean {
  return error instanceof ApiError && error.code === "NOT_FOUND";
}

interface KnownMeetingProps {
  context: MeetingContext;
  facts: MeetingFacts;
  removed: boolean;
}

function KnownMeeting({ context, facts, removed }: KnownMeetingProps) {
  const { api, meetingId, self, onExit, onEvent } = context;
  const { meeting } = facts;
  const [place, setPlace] = useState<Place>("lobby");
  const task = useAction();
  const goesOn = meeting.state === "active" || meeting.state === "scheduled";
  const local = useLocalMedia(meeting.userRole !== "observer" && place !== "left" && goesOn);
  const enter = (start: boolean) =>
    void task.run(async () => {
      const { lifecycle } = functions.meetings;
      if (start) await api.mutation(lifecycle.startMeeting, { meetingId });
      await api.mutation(lifecycle.joinMeeting, { meetingId });
      setPlace("room");
    });
  const leave = () => {
    setPlace("left");
    onEvent?.({ type: "left" });
    // Gone is gone: the room notices it by itself when this cannot be said.
    void api
      .mutation(functions.meetings.lifecycle.leaveMeeting, { meetingId })
      .catch(() => undefined);
  };
  if (place === "room")
    return <Attendance {...{ context, facts, removed, local }} onLeave={leave} />;
  if (!goesOn || removed) return <Gone meeting={meeting} removed={removed} onExit={onExit} />;
  if (place === "left")
    return (
      <Over
        title="You have left the meeting"
        action={{ label: "Join again", run: () => setPlace("lobby") }}
        onExit={onExit}
      />
    );
  return (
    <Lobby
      {...{ facts, self, local, onExit }}
      busy={task.busy}
      error={task.error}
      onJoin={() => enter(false)}
      onStart={() => enter(true)}
    />
  );
}

function Gone({
  meeting,
  removed,
  onExit,
}: {
  meeting: MeetingView;
  removed: boolean;
  onExit: MeetingContext["onExit"];
}) {
  if (removed) return <Over title="You are no longer in this meeting" onExit={onExit} />;
  const cancelled = meeting.state === "cancelled";
  return (
    <Over
      title={cancelled ? "The meeting was cancelled" : "The meeting has ended"}
      onExit={onExit}
    />
  );
}

function Unreachable({ context, error }: { context: MeetingContext; error: unknown }) {
  return (
    <Over title="The meeting cannot be shown" onExit={context.onExit}>
      <p role="alert">{explain(error).text}</p>
    </Over>
  );
}

function Waiting() {
  return (
    <main id="main" className="over">
      <Spinner label="Looking for the meeting" />
    </main>
  );
}
