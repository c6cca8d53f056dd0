import { AppError } from "../core/errors.ts";
import { ok, orThrow, type Result, refuse } from "../core/result.ts";
import { displayProblem } from "../core/text/displayText.ts";
import { wholeNumber } from "../core/wholeNumber.ts";
import { statement, type Tx } from "../db/port.ts";

/** What somebody thinks of an insight; what is absent stays as it was. */
export interface InsightFeedback {
  read?: boolean | undefined;
  useful?: boolean | undefined;
  rating?: number | undefined;
  /** Empty takes it back. */
  notes?: string | undefined;
}

const longestNotes = 1_000;

const store = statement(
  "insights.storeFeedback",
  `UPDATE insights SET is_read = coalesce($2, is_read), is_useful = coalesce($3, is_useful),
     rating = coalesce($4, rating), remark = CASE WHEN $5::text IS NULL THEN remark ELSE nullif($5, '') END,
     updated_at = app_now()
   WHERE id = $1`,
);

/** Stores feedback. @throws AppError VALIDATION_ERROR with `field` (rating not 1 to 5; notes too long, or not to be shown) */
export async function storeFeedback(
  tx: Tx,
  insight: { id: string; userId: string },
  { read, useful, rating, notes }: InsightFeedback,
): Promise<void> {
  if (rating !== undefined) orThrow(wholeNumber("rating", rating, { max: 5 }));
  const remark = notes === undefined ? null : orThrow(checkedNotes(notes.trim()));
  const { id, userId } = insight;
  await tx.run(store, [id, read ?? null, useful ?? null, rating ?? null, remark]);
  tx.writes(`insights:${userId}`);
}

function checkedNotes(notes: string): Result<string> {
  const problem =
    notes.length > longestNotes
      ? `must have at most ${longestNotes} characters`
      : displayProblem(notes, { lines: true });
  if (problem === undefined || notes === "") return ok(notes);
  const metadata = { field: "notes", limit: longestNotes };
  return refuse(new AppError("VALIDATION_ERROR", `notes ${problem}`, metadata));
}
