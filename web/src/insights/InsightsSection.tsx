import { lazy, Suspense } from "react";
import { Spinner } from "../ui/Spinner.tsx";
import { insightWords } from "../words/insights.ts";
import type { InsightsProps } from "./Insights.tsx";

/** Fetched when it is shown. */
const Insights = lazy(async () => ({ default: (await import("./Insights.tsx")).Insights }));

/** What somebody can take from a meeting that has ended, as a part of a page. */
export function InsightsSection(props: InsightsProps) {
  return (
    <section className="section" aria-label={insightWords.heading}>
      <h2>{insightWords.heading}</h2>
      <div className="panel">
        <Suspense fallback={<Spinner label={insightWords.loading} />}>
          <Insights {...props} />
        </Suspense>
      </div>
    </section>
  );
}
