import { lazy, Suspense, useEffect, useRef } from "react";
import { Button } from "../../ui/Button.tsx";
import { Spinner } from "../../ui/Spinner.tsx";
import { VisuallyHidden } from "../../ui/VisuallyHidden.tsx";
import { notesWords } from "../../words/notes.ts";
import { Icon } from "../parts/Icon.tsx";
import { useRoom } from "../state/roomContext.ts";

const Notes = lazy(async () => ({ default: (await import("../../notes/Notes.tsx")).Notes }));

/** The meeting's notes beside the stage. */
export function NotesPanel({ onClose }: { onClose: () => void }) {
  const { context, meeting } = useRoom();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const { meetingId, self } = context;
  return (
    <aside className="people people--notes" aria-label={notesWords.label}>
      <div className="people__head">
        <h2 ref={heading} tabIndex={-1}>
          {notesWords.heading}
        </h2>
        <Button look="quiet" small onClick={onClose}>
          <Icon name="close" />
          <VisuallyHidden>{notesWords.close}</VisuallyHidden>
        </Button>
      </div>
      <Suspense fallback={<Spinner label={notesWords.loading} />}>
        <Notes {...{ meetingId, title: meeting.title, userId: self.userId }} />
      </Suspense>
    </aside>
  );
}
