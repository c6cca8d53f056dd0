import { known } from "../core/known.ts";
import { orThrow } from "../core/result.ts";
import { pageLength, wholeNumber } from "../core/wholeNumber.ts";
import { type ReadTx, statement } from "../db/port.ts";
import type { Outcome } from "./feedback.ts";
import type { FeatureName } from "./match.ts";

const usualLength = 20;
const farthest = 10_000;

interface Row {
  id: string;
  matchId: string;
  outcome: Outcome;
  features: Partial<Record<FeatureName, number>>;
  rating: number | null;
  comments: string | null;
  createdAt: number;
}

const list = statement<Row>(
  "matches.history",
  `SELECT p.id, m.id AS "matchId", m.state AS outcome, m.features, p.rating, p.comments, m.created_at AS "createdAt"
   FROM match_people p JOIN matches m ON m.id = p.match_id
   WHERE p.user_id = $1 AND m.state IN ('accepted', 'declined', 'completed')
   ORDER BY p.match_id DESC LIMIT $2 OFFSET $3`,
);

const count = statement<{
  total: number;
  accepted: number;
  completed: number;
  rating: number | null;
}>(
  "matches.ownFigures",
  `SELECT count(*) AS total, count(*) FILTER (WHERE m.state IN ('accepted', 'completed')) AS accepted,
     count(*) FILTER (WHERE m.state = 'completed') AS completed, avg(p.rating)::double precision AS rating
   FROM match_people p JOIN matches m ON m.id = p.match_id WHERE p.user_id = $1`,
);

const topFeatures = statement<{ feature: string; averageScore: number; count: number }>(
  "matches.ownFeatures",
  `SELECT f.key AS feature, avg(f.value::double precision) AS "averageScore", count(*) AS count
   FROM match_people p JOIN matches m ON m.id = p.match_id, jsonb_each_text(m.features) f
   WHERE p.user_id = $1 GROUP BY f.key ORDER BY 2 DESC, f.key LIMIT 5`,
);

/** Features as published: what is not known is 0. */
export function publishedFeatures({
  vectorSimilarity,
  ...features
}: {
  [K in FeatureName]?: number | null;
}) {
  return {
    interestOverlap: features.interestOverlap ?? 0,
    experienceGap: features.experienceGap ?? 0,
    industryMatch: features.industryMatch ?? 0,
    timezoneCompatibility: features.timezoneCompatibility ?? 0,
    languageOverlap: features.languageOverlap ?? 0,
    orgConstraintMatch: features.orgConstraintMatch ?? 0,
    roleComplementarity: features.roleComplementarity ?? 0,
    ...(typeof vectorSimilarity === "number" && { vectorSimilarity }),
  };
}

/** Somebody's own matches that something has become of, the newest first. @throws AppError VALIDATION_ERROR */
export async function matchHistory(
  tx: ReadTx,
  userId: string,
  { limit, offset = 0 }: { limit?: number; offset?: number },
) {
  const length = orThrow(pageLength(limit, usualLength));
  const skipped = orThrow(wholeNumber("offset", offset, { min: 0, max: farthest }));
  tx.reads(`matching:${userId}`);
  const rows = await tx.all(list, [userId, length, skipped]);
  return rows.map(({ id, features, rating, comments, ...row }) => ({
    ...{ _id: id, ...row, features: publishedFeatures(features) },
    ...(rating !== null && { feedback: { rating, ...known({ comments }) } }),
  }));
}

/** Figures of somebody's own matches. `averageRating` is of the marks they have given. */
export async function matchingStats(tx: ReadTx, userId: string) {
  tx.reads(`matching:${userId}`);
  const figures = await tx.first(count, [userId]);
  const { total = 0, accepted = 0, completed = 0, rating = null } = figures ?? {};
  return {
    ...{ totalMatches: total, acceptedMatches: accepted, completedMatches: completed },
    successRate: accepted === 0 ? 0 : completed / accepted,
    topFeatures: await tx.all(topFeatures, [userId]),
    ...known({ averageRating: rating }),
  };
}
