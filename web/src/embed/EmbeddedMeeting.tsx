import { useCallback, useMemo, useRef } from "react";
import { ApiError } from "../api/apiError.ts";
import type { Credentials } from "../api/client.ts";
import { functions } from "../api/functions.ts";
import { Connected, useApi, useLiveClient } from "../api/liveContext.tsx";
import { useLive } from "../api/useLive.ts";
import { Meeting } from "../room/Meeting.tsx";
import { Over } from "../room/Over.tsx";
import type { MeetingContext, MeetingEvent } from "../room/parts/meetingTypes.ts";
import { Spinner } from "../ui/Spinner.tsx";
import { explain } from "../words/refusals.ts";

export interface EmbeddedMeetingProps {
  /** Where the server is. */
  server: string;
  meetingId: string;
  /** The token may be renewed while the meeting runs. */
  credentials: Credentials;
  onEvent: (event: MeetingEvent) => void;
}

/** A meeting in somebody else's page. */
export function EmbeddedMeeting(props: EmbeddedMeetingProps) {
  const { server, credentials, onEvent } = props;
  const onRefused = useCallback(
    () => onEvent({ type: "error", code: "UNAUTHORIZED", message: "The token is not taken" }),
    [onEvent],
  );
  const client = useLiveClient({ baseUrl: server, credentials, onRefused });
  if (client === undefined) return <Connecting />;
  return (
    <Connected connection={client}>
      <OwnMeeting {...props} />
    </Connected>
  );
}

const unknown = new ApiError("UNAUTHORIZED", "The server does not know the token", 401);

/** The meeting as the person of the token. */
function OwnMeeting({ server, meetingId, onEvent }: EmbeddedMeetingProps) {
  const api = useApi();
  const { value, error = unknown, loading } = useLive(functions.users.queries.getCurrentUser, {});
  // A token that runs out ends no meeting: it may be renewed, and the media goes on.
  const user = useRef(value);
  if (value) user.current = value;
  const { _id: userId, displayName: name = "" } = user.current ?? {};
  const self = useMemo(() => (userId === undefined ? undefined : { userId, name }), [userId, name]);
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
  if (loading) return <Connecting />;
  return (
    <Over title="The meeting cannot be shown">
      <p role="alert">{explain(error).text}</p>
    </Over>
  );
}

function Connecting() {
  return (
    <main className="over">
      <Spinner label="Connecting" />
    </main>
  );
}
