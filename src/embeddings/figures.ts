import { type ReadTx, statement, type Tx } from "../db/port.ts";

interface Counted {
  sourceType: string;
  model: string;
  count: number;
  dimensions: number;
}

/** By an index alone. */
const count = statement<Counted>(
  "embeddings.count",
  `SELECT e.source_type AS "sourceType", e.model, e.count, coalesce(i.dimensions, 0) AS dimensions
   FROM (SELECT source_type, model, count(*) AS count FROM embeddings GROUP BY source_type, model) e
   LEFT JOIN vector_indexes i ON i.name = e.model`,
);

/** Of the newest thousand. */
const quality = statement<{ tookMs: number; duplicates: number; empty: number }>(
  "embeddings.quality",
  `SELECT coalesce(avg(took_ms), 0) AS "tookMs", count(*) - count(DISTINCT (model, vector)) AS duplicates,
     count(*) FILTER (WHERE vector = decode(repeat('00', octet_length(vector)), 'hex')) AS empty
   FROM (SELECT model, vector, took_ms FROM embeddings ORDER BY id DESC LIMIT 1000) e`,
);

const searches = statement<{ searches: number; ms: number; found: number; scores: number }>(
  "embeddings.searches",
  `SELECT coalesce(sum(searches), 0)::bigint AS searches, coalesce(sum(search_ms), 0) AS ms,
     coalesce(sum(found), 0)::bigint AS found, coalesce(sum(scores), 0) AS scores FROM vector_indexes`,
);

const countSearch = statement(
  "embeddings.countSearch",
  `UPDATE vector_indexes SET searches = searches + 1, search_ms = search_ms + $2, found = found + $3, scores = scores + $4
   WHERE name = $1`,
);

/** Counts a search by meaning that took so many ms, and how near was what it found. */
export async function searchCounted(
  tx: Tx,
  { model, tookMs, scores }: { model: string; tookMs: number; scores: readonly number[] },
): Promise<void> {
  const sum = scores.reduce((all, score) => all + score, 0);
  await tx.run(countSearch, [model, tookMs, scores.length, sum]);
  tx.writes("embeddings:all");
}

/** How many embeddings there are, and how they are searched. */
export async function embeddingFigures(tx: ReadTx) {
  tx.reads("embeddings:all");
  const counted = await tx.all(count);
  const newest = await tx.first(quality);
  const asked = await tx.first(searches);
  if (!newest || !asked) throw new Error("the database did not count");
  const sum = (key: "sourceType" | "model") => {
    const sums: Record<string, number> = {};
    for (const row of counted) sums[row[key]] = (sums[row[key]] ?? 0) + row.count;
    return sums;
  };
  const totalEmbeddings = counted.reduce((all, row) => all + row.count, 0);
  const totalDimensions = counted.reduce((all, row) => all + row.count * row.dimensions, 0);
  const per = (total: number, of: number) => (of > 0 ? total / of : 0);
  return {
    totalEmbeddings,
    embeddingsBySource: sum("sourceType"),
    embeddingsByModel: sum("model"),
    averageProcessingTime: newest.tookMs,
    qualityMetrics: {
      averageSimilarityScore: per(asked.scores, asked.found),
      duplicateDetections: newest.duplicates,
      lowQualityEmbeddings: newest.empty,
    },
    searchMetrics: {
      totalSearches: asked.searches,
      averageSearchTime: per(asked.ms, asked.searches),
      averageResultCount: per(asked.found, asked.searches),
    },
    storageUsage: {
      ...{ totalVectors: totalEmbeddings, totalDimensions },
      estimatedSizeBytes: totalDimensions * 4,
    },
  };
}
