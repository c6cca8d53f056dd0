/** The same functions under the published second address. */
export {
  getGlobalMatchingAnalytics,
  getMatchHistory,
  getMatchingStats,
  optimizeMatchingWeights,
  submitMatchFeedback,
} from "./analytics.ts";
export { runMatchingCycle } from "./engine.ts";
export { cancelQueueEntry, enterMatchingQueue, getQueueStatus } from "./queue.ts";
export { calculateCompatibilityScore } from "./scoring.ts";
