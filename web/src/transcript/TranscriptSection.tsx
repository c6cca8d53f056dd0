import { lazy, Suspense } from "react";
import { Spinner } from "../ui/Spinner.tsx";
import { transcriptWords } from "../words/transcript.ts";
import type { TranscriptProps } from "./Transcript.tsx";

/** Fetched when it is shown. */
const Transcript = lazy(async () => ({ default: (await import("./Transcript.tsx")).Transcript }));

/** What was said in a recording, as a part of a page. */
export function TranscriptSection(props: TranscriptProps) {
  return (
    <section className="section" aria-label={transcriptWords.heading}>
      <h2>{transcriptWords.heading}</h2>
      <div className="panel">
        <Suspense fallback={<Spinner label={transcriptWords.loading} />}>
          <Transcript {...props} />
        </Suspense>
      </div>
    </section>
  );
}
