import { statement, type Tx } from "../db/port.ts";
import { linesForgotten } from "../embeddings/store.ts";
import { forgetQuotingPrompts } from "../prompts/store.ts";
import { revise } from "../transcripts/revision.ts";
import { queueInsights } from "./queue.ts";
import { removeInsightsOfMeeting } from "./store.ts";

const isOver = statement<{ over: boolean }>(
  "insights.isOver",
  "SELECT state = 'concluded' AS over FROM meetings WHERE id = $1",
);

/** Lines of a transcript were deleted or corrected: what quotes them goes, and is made again of what is left. */
export async function forgetQuotes(tx: Tx, meetingId: string): Promise<void> {
  await revise(tx, meetingId);
  await removeInsightsOfMeeting(tx, meetingId);
  await forgetQuotingPrompts(tx, meetingId);
  await linesForgotten(tx, meetingId);
  if ((await tx.first(isOver, [meetingId]))?.over === true) await queueInsights(tx, meetingId, 0);
}
