import { v } from "convex/values";

export const sourceType = v.union(
  v.literal("user"),
  v.literal("profile"),
  v.literal("meeting"),
  v.literal("note"),
  v.literal("transcriptSegment"),
);

/** What is noted beside something: flat. */
export const flatRecord = v.record(v.string(), v.union(v.string(), v.number(), v.boolean()));

export const embedding = v.object({
  _creationTime: v.number(),
  _id: v.id("embeddings"),
  createdAt: v.number(),
  dimensions: v.number(),
  metadata: flatRecord,
  model: v.string(),
  sourceId: v.string(),
  sourceType,
  vector: v.bytes(),
  version: v.string(),
});

export const vectorIndex = v.object({
  _creationTime: v.number(),
  _id: v.id("vectorIndexMeta"),
  config: flatRecord,
  createdAt: v.number(),
  indexName: v.string(),
  provider: v.string(),
  status: v.union(v.literal("active"), v.literal("inactive"), v.literal("migrating")),
  updatedAt: v.number(),
});

export const paginationOpts = v.object({
  cursor: v.union(v.string(), v.null()),
  endCursor: v.optional(v.union(v.string(), v.null())),
  id: v.optional(v.number()),
  maximumBytesRead: v.optional(v.number()),
  maximumRowsRead: v.optional(v.number()),
  numItems: v.number(),
});
