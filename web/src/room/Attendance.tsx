import { useEffect, useRef } from "react";
import { useOutage } from "../api/liveContext.tsx";
import { explain } from "../words/refusals.ts";
import type { LocalMedia } from "./media/local/localMedia.ts";
import { type RoomPhase, withRoles } from "./media/roomView.ts";
import { Over } from "./Over.tsx";
import type { MeetingContext, MeetingFacts } from "./parts/meetingTypes.ts";
import { Room } from "./Room.tsx";
import { recordingView } from "./recording/recordingView.ts";
import { useFinishedRecording } from "./recording/useFinishedRecording.ts";
import { RoomContext } from "./state/roomContext.ts";
import { useRoomConnection } from "./useRoomConnection.ts";

export interface AttendanceProps {
  context: MeetingContext;
  facts: MeetingFacts;
  /** The server says that one is no longer part of the meeting. */
  removed: boolean;
  local: LocalMedia;
  onLeave: () => void;
}

/** Being in the meeting: the room while there is a connection to it or hope for one, and what ended it. */
export function Attendance({ context, facts, removed, local, onLeave }: AttendanceProps) {
  const { meeting, attendees } = facts;
  const mayPublish = meeting.userRole !== "observer";
  const peerToPeer = meeting.webrtcEnabled === true;
  const [connection, heard] = useRoomConnection(context, { local, mayPublish, peerToPeer });
  const room = { ...heard, people: withRoles(heard.people, attendees) };
  useEffect(() => {
    if (removed) connection.end("removed");
    else if (meeting.state === "concluded") connection.end("ended");
  }, [connection, removed, meeting.state]);
  const recording = recordingView(meeting, attendees, room.recording);
  const finished = useFinishedRecording(recording, context.onEvent);
  usePhaseEvents(room.phase, context.onEvent);
  const outage = useOutage();
  const over = overWords(room.phase);
  if (over !== undefined)
    return (
      <Over
        title={over.title}
        watchUrl={finished === undefined ? undefined : context.watchUrl(finished)}
        action={
          over.again === undefined
            ? undefined
            : { label: over.again, run: () => connection.start() }
        }
        onExit={context.onExit}
      >
        <p>{over.text}</p>
      </Over>
    );
  return (
    <RoomContext value={{ context, meeting, attendees, room, connection, local, recording }}>
      <Room serverAway={outage !== undefined} {...{ finished, onLeave }} />
    </RoomContext>
  );
}

interface OverWords {
  title: string;
  text: string;
  /** What can be done about it. */
  again?: string;
}

function overWords(phase: RoomPhase): OverWords | undefined {
  if (phase.name === "ended")
    return { title: "The meeting has ended", text: "Thank you for coming." };
  if (phase.name === "removed")
    return {
      title: "You are no longer in this meeting",
      text: "A host has taken you out of it. Ask them for a new invitation if that was a mistake.",
    };
  if (phase.name === "elsewhere")
    return {
      title: "You have joined in another window",
      text: "The meeting goes on there. You can take it over to this window.",
      again: "Use this window",
    };
  if (phase.name === "refused")
    return {
      title: "There is no way in just now",
      text: explain(phase.error).text,
      again: "Try again",
    };
  return undefined;
}

function usePhaseEvents(phase: RoomPhase, onEvent: MeetingContext["onEvent"]): void {
  const joined = useRef(false);
  useEffect(() => {
    if (phase.name === "connected" && !joined.current) {
      joined.current = true;
      onEvent?.({ type: "joined" });
    }
    const over = overWords(phase);
    if (over === undefined) return;
    if (phase.name !== "ended") onEvent?.({ type: "error", code: phase.name, message: over.text });
    if (joined.current) onEvent?.({ type: "left" });
    joined.current = false;
  }, [phase, onEvent]);
}
