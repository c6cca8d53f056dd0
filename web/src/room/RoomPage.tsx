import "./room.css";
import "../notes/notes.css";
import { useEffect, useMemo } from "react";
import { useLocation } from "wouter";
import { useApi } from "../api/liveContext.tsx";
import type { Session } from "../session/session.ts";
import { Meeting } from "./Meeting.tsx";
import type { MeetingContext } from "./parts/meetingTypes.ts";

export interface RoomPageProps {
  meetingId: string;
  session: Session;
}

/** A meeting as a page. */
export function RoomPage({ meetingId, session: { userId, name } }: RoomPageProps) {
  const api = useApi();
  const [, navigate] = useLocation();
  useEffect(() => {
    document.title = "Meeting · Connvo";
  }, []);
  const context = useMemo<MeetingContext>(
    () => ({
      api,
      baseUrl: location.origin,
      meetingId,
      self: { userId, name },
      watchUrl: (recordingId) => `/watch/${recordingId}`,
      onExit: () => navigate("/"),
      shortcuts: "page",
    }),
    [api, meetingId, userId, name, navigate],
  );
  return <Meeting context={context} />;
}
