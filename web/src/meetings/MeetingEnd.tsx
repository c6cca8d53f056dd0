import { useState } from "react";
import { functions } from "../api/functions.ts";
import { useApi } from "../api/liveContext.tsx";
import { Button } from "../ui/Button.tsx";
import { Confirm } from "../ui/Confirm.tsx";
import type { Meeting } from "../words/meetings.ts";

/** Ends a running meeting for everybody, or cancels one that has not begun. */
export function MeetingEnd({ meeting }: { meeting: Meeting }) {
  const api = useApi();
  const [asking, setAsking] = useState(false);
  const { _id: meetingId, state, title } = meeting;
  const running = state === "active";
  const carryOut = async () => {
    const { endMeeting, cancelMeeting } = functions.meetings.lifecycle;
    await (running
      ? api.mutation(endMeeting, { meetingId })
      : api.mutation(cancelMeeting, { meetingId }));
    setAsking(false);
  };
  const verb = running ? "End meeting" : "Cancel meeting";
  return (
    <>
      <Button look="quietDanger" onClick={() => setAsking(true)}>
        {verb}
      </Button>
      {asking && (
        <Confirm
          title={`${verb}?`}
          verb={verb}
          onConfirm={carryOut}
          onClose={() => setAsking(false)}
        >
          {running
            ? `${title} ends for everybody in it, and so does a recording.`
            : `${title} will not take place. This cannot be undone.`}
        </Confirm>
      )}
    </>
  );
}
