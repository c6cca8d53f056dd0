import "./notes.css";
import { lazy, Suspense } from "react";
import { useSession } from "../session/sessionContext.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { notesWords } from "../words/notes.ts";

/** Fetched when it is shown: nobody needs it to see a page. */
const Notes = lazy(async () => ({ default: (await import("./Notes.tsx")).Notes }));

/** A meeting's notes as a part of a page. */
export function NotesSection({ meetingId, title }: { meetingId: string; title: string }) {
  const session = useSession();
  if (session === undefined) return null;
  return (
    <section className="section" aria-label={notesWords.heading}>
      <h2>{notesWords.heading}</h2>
      <div className="panel">
        <Suspense fallback={<Spinner label={notesWords.loading} />}>
          <Notes {...{ meetingId, title, userId: session.userId }} />
        </Suspense>
      </div>
    </section>
  );
}
