/** The same functions under the published second address. */
export { generateInsights } from "./generation.ts";
export { deleteInsights, updateInsightsFeedback } from "./mutations.ts";
export {
  getConnectionRecommendations,
  getInsightById,
  getMeetingInsights,
  getUserInsights,
} from "./queries.ts";
