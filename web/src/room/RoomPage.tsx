import "./room.css";
import { useEffect, useMemo } from "react";
import { useLocation } from "wouter";
import type { ApiClient } from "../api/client.ts";
import type { Session } from "../session/session.ts";
import { Meeting } from "./Meeting.tsx";
import type { MeetingContext } from "./parts/meetingTypes.ts";

export interface RoomPageProps {
  meetingId: string;
  api: ApiClient;
  session: Session;
}

/** A meeting as a page. */
export function RoomPage({ meetingId, api, session: { userId, name } }: RoomPageProps) {
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
