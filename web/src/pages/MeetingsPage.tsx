import { useCallback, useState } from "react";
import { Link, useLocation } from "wouter";
import { functions } from "../api/functions.ts";
import { usePolled } from "../api/usePolled.ts";
import { CreateMeeting } from "../meetings/CreateMeeting.tsx";
import { useApi } from "../session/sessionContext.tsx";
import { Button } from "../ui/Button.tsx";
import { Page } from "../ui/Page.tsx";
import { RefusalNotice } from "../ui/RefusalNotice.tsx";
import { useToast } from "../ui/Toast.tsx";
import { VisuallyHidden } from "../ui/VisuallyHidden.tsx";

/** Asked again, ms. */
const pollMs = 4000;

/** All meetings of the person who is signed in. */
export function MeetingsPage() {
  const api = useApi();
  const say = useToast();
  const [, go] = useLocation();
  const [creating, setCreating] = useState(false);
  const ask = useCallback(() => api.query(functions.meetings.queries.listUserMeetings, {}), [api]);
  const { value, error, refresh } = usePolled(ask, pollMs);
  const created = (meetingId: string, started: boolean) => {
    setCreating(false);
    if (started) return go(`/meet/${meetingId}`);
    say("Meeting scheduled");
    void refresh();
  };
  return (
    <Page
      title="My meetings"
      actions={
        <Button look="primary" onClick={() => setCreating(true)}>
          New meeting
        </Button>
      }
    >
      {error !== undefined && <RefusalNotice error={error} />}
      <ul>
        {value?.map(({ _id, title, state }) => (
          <li key={_id}>
            <Link href={`/meet/${_id}`}>
              {title}
              <VisuallyHidden>, {state}</VisuallyHidden>
            </Link>
          </li>
        ))}
      </ul>
      {creating && <CreateMeeting onClose={() => setCreating(false)} onCreated={created} />}
    </Page>
  );
}
