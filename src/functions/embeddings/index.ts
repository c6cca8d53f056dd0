/** The same functions under the published second address. */
export { generateEmbedding } from "./actions.ts";
export {
  getEmbedding,
  getEmbeddingAnalytics,
  getEmbeddingsByModel,
  getEmbeddingsBySource,
  getVectorIndexMeta,
  vectorSimilaritySearch,
} from "./queries.ts";
