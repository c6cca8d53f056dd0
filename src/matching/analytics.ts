import { orThrow } from "../core/result.ts";
import { wholeNumber } from "../core/wholeNumber.ts";
import { type ReadTx, statement } from "../db/port.ts";

const usualRange = 7 * 86_400_000;
const longestRange = 366 * 86_400_000;

/** Matches of that time in which somebody of the organisation is, or all. */
const told = `matches m WHERE m.created_at > app_now() - $1 * interval '1 millisecond' AND ($2::text IS NULL OR EXISTS (
  SELECT 1 FROM match_people p JOIN users u ON u.id = p.user_id WHERE p.match_id = m.id AND u.org_id = $2))`;

const figures = statement<{
  total: number;
  score: number | null;
  accepted: number;
  declined: number;
  completed: number;
}>(
  "matches.figures",
  `SELECT count(*) AS total, avg(m.score) AS score, count(*) FILTER (WHERE m.state = 'accepted') AS accepted,
     count(*) FILTER (WHERE m.state = 'declined') AS declined,
     count(*) FILTER (WHERE m.state = 'completed') AS completed
   FROM ${told}`,
);

/** What is undecided says nothing of what leads to a meeting. */
const importance = statement<{ feature: string; averageScore: number; correlation: number | null }>(
  "matches.importance",
  `SELECT f.key AS feature, avg(f.value::double precision) AS "averageScore",
     corr((m.state = 'completed')::integer, f.value::double precision)
       FILTER (WHERE m.state <> 'proposed') AS correlation
   FROM (SELECT * FROM ${told}) m, jsonb_each_text(m.features) f GROUP BY f.key ORDER BY f.key`,
);

const trends = statement<{ date: string; matchCount: number; averageScore: number }>(
  "matches.trends",
  `SELECT to_char(m.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS date, count(*) AS "matchCount",
     avg(m.score) AS "averageScore"
   FROM ${told} GROUP BY 1 ORDER BY 1`,
);

/**
 * Figures of all matches of the last `timeRange` ms, of an organisation's people or of everybody (null).
 * @throws AppError VALIDATION_ERROR (`timeRange` of 366 days at most)
 */
export async function matchingFigures(
  tx: ReadTx,
  orgId: string | null,
  { timeRange = usualRange }: { timeRange?: number },
) {
  const range = orThrow(wholeNumber("timeRange", timeRange, { max: longestRange }));
  tx.reads("matching:matches");
  const values = [range, orgId];
  const counted = await tx.first(figures, values);
  const { total = 0, score = null, accepted = 0, declined = 0, completed = 0 } = counted ?? {};
  const features = await tx.all(importance, values);
  return {
    ...{ totalMatches: total, averageScore: score ?? 0 },
    outcomeDistribution: { accepted, declined, completed },
    // Where all are alike there is none.
    featureImportance: features.map((row) => ({ ...row, correlation: row.correlation ?? 0 })),
    matchingTrends: await tx.all(trends, values),
  };
}
