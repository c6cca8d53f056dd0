import type { ApiClient } from "../api/client.ts";
import type { Session } from "../session/session.ts";

export interface RoomPageProps {
  meetingId: string;
  api: ApiClient;
  session: Session;
}

export function RoomPage({ meetingId, session }: RoomPageProps) {
  return (
    <main id="main">
      <h1 tabIndex={-1}>Meeting</h1>
      <p>
        {session.name} in {meetingId}
      </p>
    </main>
  );
}
