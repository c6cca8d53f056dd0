import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { embeddingFigures } from "../../embeddings/figures.ts";
import { embedding, paginationOpts, sourceType, vectorIndex } from "../../embeddings/validators.ts";
import {
  embeddingById,
  embeddingsOfModel,
  embeddingsOfSource,
  similar,
  vectorIndexes,
} from "../../embeddings/views.ts";
import { query } from "../../runtime/builders.ts";

const page =
  "The newest first, in pages of `numItems` (1 to 100). `cursor` is null for the first page, then the `continueCursor` of the page before.";

export const getEmbedding = query({
  permission: can.admin,
  summary: "getEmbedding",
  description: "One embedding; null when there is none with that id. For the administration key.",
  args: { embeddingId: v.id("embeddings") },
  returns: v.union(embedding, v.null()),
  handler: ({ tx }, { embeddingId }) => embeddingById(tx, embeddingId),
});

export const getEmbeddingsBySource = query({
  permission: can.admin,
  summary: "getEmbeddingsBySource",
  description: `The embeddings of one source: one of each model. ${page} For the administration key.`,
  args: { paginationOpts, sourceId: v.string(), sourceType },
  returns: v.object({
    continueCursor: v.union(v.string(), v.null()),
    isDone: v.boolean(),
    page: v.array(embedding),
  }),
  handler: ({ tx }, { paginationOpts: request, ...source }) =>
    embeddingsOfSource(tx, source, request),
});

export const getEmbeddingsByModel = query({
  permission: can.admin,
  summary: "getEmbeddingsByModel",
  description: `The embeddings that one model made. ${page} For the administration key.`,
  args: { model: v.string(), paginationOpts },
  returns: v.object({
    continueCursor: v.union(v.string(), v.null()),
    isDone: v.boolean(),
    page: v.array(embedding),
  }),
  handler: ({ tx }, { model, paginationOpts: request }) => embeddingsOfModel(tx, model, request),
});

export const vectorSimilaritySearch = query({
  permission: can.admin,
  summary: "vectorSimilaritySearch",
  description:
    "The embeddings nearest to a vector (32 bit floats, little-endian; base64 in plain JSON), the nearest first: 10, or `limit` (256 at " +
    "most), of one model and of these kinds, among the newest 5,000 of them. `threshold` is the least cosine; without it what the model's calibration " +
    "found, see `getVectorIndexMeta`. People search what was said with `transcripts/search:searchTranscripts`. For the administration key.",
  args: {
    limit: v.optional(v.number()),
    model: v.optional(v.string()),
    queryVector: v.bytes(),
    sourceTypes: v.optional(v.array(sourceType)),
    threshold: v.optional(v.number()),
  },
  returns: v.array(v.object({ embedding, score: v.number(), sourceData: v.optional(v.any()) })),
  handler: ({ tx }, request) => similar(tx, request),
});

export const getVectorIndexMeta = query({
  permission: can.anyOrgAdmin,
  summary: "getVectorIndexMeta",
  description: `The models whose vectors are or were searched: \`config\` has \`dimensions\` and the \`threshold\` from which on texts count as alike, found by calibration. ${page} For administrators of an organisation.`,
  args: { paginationOpts },
  returns: v.object({
    continueCursor: v.union(v.string(), v.null()),
    isDone: v.boolean(),
    page: v.array(vectorIndex),
  }),
  handler: ({ tx }, { paginationOpts: request }) => vectorIndexes(tx, request),
});

export const getEmbeddingAnalytics = query({
  permission: can.anyOrgAdmin,
  summary: "getEmbeddingAnalytics",
  description:
    "How many embeddings there are, and how they are searched by meaning. Times are ms; `duplicateDetections`, `lowQualityEmbeddings` (nothing but " +
    "zeros) and `averageProcessingTime` are of the newest thousand. For administrators of an organisation.",
  args: {},
  returns: v.object({
    averageProcessingTime: v.number(),
    embeddingsByModel: v.record(v.string(), v.number()),
    embeddingsBySource: v.record(v.string(), v.number()),
    qualityMetrics: v.object({
      averageSimilarityScore: v.number(),
      duplicateDetections: v.number(),
      lowQualityEmbeddings: v.number(),
    }),
    searchMetrics: v.object({
      averageResultCount: v.number(),
      averageSearchTime: v.number(),
      totalSearches: v.number(),
    }),
    storageUsage: v.object({
      estimatedSizeBytes: v.number(),
      totalDimensions: v.number(),
      totalVectors: v.number(),
    }),
    totalEmbeddings: v.number(),
  }),
  handler: ({ tx }) => embeddingFigures(tx),
});
