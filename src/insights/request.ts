import { recordAudit } from "../audit/record.ts";
import type { User } from "../auth/identity.ts";
import { limitCalls } from "../auth/limitedCalls.ts";
import type { Tx } from "../db/port.ts";
import { type Generated, generateInsights, type InsightServices } from "./generate.ts";
import { eraseInsight } from "./store.ts";

const limit = { action: "insightGeneration", calls: 10, windowMs: 300_000 } as const;

/**
 * Makes the insights of a meeting because somebody asks: those that are missing, or all anew.
 * @throws AppError as `generateInsights`; RATE_LIMIT_EXCEEDED (ten in any five minutes)
 */
export async function requestInsights(
  services: InsightServices,
  user: User,
  { meetingId, isForced }: { meetingId: string; isForced: boolean },
  signal: AbortSignal,
): Promise<Generated> {
  await services.db.transaction((tx) => limitCalls(tx, user.id, limit));
  return generateInsights(services, meetingId, isForced ? "all" : "missing", signal);
}

/** Removes an insight for good; that of somebody else is told of in the log. */
export async function deleteInsight(
  tx: Tx,
  insight: { id: string; meetingId: string; userId: string },
  actorUserId: string | undefined,
): Promise<void> {
  await eraseInsight(tx, insight);
  if (actorUserId === insight.userId) return;
  const { id: resourceId, meetingId } = insight;
  const resource = { resourceType: "insight", resourceId } as const;
  await recordAudit(tx, { actorUserId, meetingId, ...resource, action: "insight.delete" });
}
