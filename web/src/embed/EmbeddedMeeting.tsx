import { useCallback, useMemo } from "react";
import { createClient } from "../api/client.ts";
import { functions } from "../api/functions.ts";
import { usePolled } from "../api/usePolled.ts";
import { Meeting } from "../room/Meeting.tsx";
import { Over } from "../room/Over.tsx";
import type { MeetingContext, MeetingEvent } from "../room/parts/meetingTypes.ts";
import { Spinner } from "../ui/Spinner.tsx";
import { explain } from "../words/refusals.ts";

export interface EmbeddedMeetingProps {
  /** Where the server is. */
  server: string;
  meetingId: string;
  /** Asked before every call, so that a token may be renewed while the meeting runs. */
  token: () => string | undefined;
  onEvent: (event: MeetingEvent) => void;
}

/** Who one is does not change while one is in a meeting; asked again only while it is not known, ms. */
const pollMs = 60_000;

/** A meeting in somebody else's page. */
export function EmbeddedMeeting({ server, meetingId, token, onEvent }: EmbeddedMeetingProps) {
  const api = useMemo(
    () =>
      createClient({
        baseUrl: server,
        token,
        onSignedOut: () =>
          onEvent({ type: "error", code: "UNAUTHORIZED", message: "The token is not taken" }),
      }),
    [server, token, onEvent],
  );
  const ask = useCallback(() => api.query(functions.users.queries.getCurrentUser, {}), [api]);
  const { value: user, error, loading } = usePolled(ask, pollMs);
  const self = useMemo(
    () => (user ? { userId: user._id, name: user.displayName ?? "" } : undefined),
    [user],
  );
  const context = useMemo<MeetingContext | undefined>(
    () =>
      self && {
        api,
        baseUrl: server,
        meetingId,
        self,
        watchUrl: (recordingId) => `${server}/watch/${recordingId}`,
        onEvent,
        shortcuts: "element",
      },
    [api, server, meetingId, self, onEvent],
  );
  if (context !== undefined) return <Meeting context={context} />;
  if (loading)
    return (
      <main className="over">
        <Spinner label="Connecting" />
      </main>
    );
  return (
    <Over title="The meeting cannot be shown">
      <p role="alert">
        {error === undefined ? "The server does not know you." : explain(error).text}
      </p>
    </Over>
  );
}
