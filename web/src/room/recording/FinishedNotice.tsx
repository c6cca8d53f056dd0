import { useState } from "react";
import { Button, buttonClass } from "../../ui/Button.tsx";
import { Notice } from "../../ui/Notice.tsx";

export interface FinishedNoticeProps {
  recordingId: string | undefined;
  watchUrl: (recordingId: string) => string;
}

/** Where the recording that has just ended can be watched. */
export function FinishedNotice({ recordingId, watchUrl }: FinishedNoticeProps) {
  const [closed, setClosed] = useState<string>();
  if (recordingId === undefined || closed === recordingId) return null;
  return (
    <Notice
      tone="good"
      action={
        <span className="notice__actions">
          <a
            className={buttonClass("primary", true)}
            href={watchUrl(recordingId)}
            target="_blank"
            rel="noreferrer"
          >
            Watch now
          </a>
          <Button small look="quiet" onClick={() => setClosed(recordingId)}>
            Close
          </Button>
        </span>
      }
    >
      The recording has ended.
    </Notice>
  );
}
