import { newId } from "../core/ids.ts";
import { type ReadTx, statement, type Tx } from "../db/port.ts";
import { heldRevision } from "../transcripts/revision.ts";
import type { Insight, InsightContent } from "./insight.ts";

const columns = `i.id, i.meeting_id AS "meetingId", i.user_id AS "userId", i.summary, i.action_items AS "actionItems",
  i.recommendations, i.created_at AS "createdAt", m.title AS "meetingTitle",
  coalesce(m.started_at, m.scheduled_at, m.created_at) AS "meetingDate"`;

const findOf = statement<Insight>(
  "insights.findOf",
  `SELECT ${columns} FROM insights i JOIN meetings m ON m.id = i.meeting_id WHERE i.meeting_id = $1 AND i.user_id = $2`,
);

const findById = statement<Insight & { orgId: string | null }>(
  "insights.findById",
  `SELECT ${columns}, m.org_id AS "orgId" FROM insights i JOIN meetings m ON m.id = i.meeting_id WHERE i.id = $1`,
);

const listOf = statement<Insight>(
  "insights.listOf",
  `SELECT ${columns} FROM insights i JOIN meetings m ON m.id = i.meeting_id
   WHERE i.user_id = $1 ORDER BY i.created_at DESC, i.id DESC LIMIT $2 OFFSET $3`,
);

const idsOf = statement<{ id: string; userId: string; lines: number }>(
  "insights.idsOf",
  `SELECT i.id, i.user_id AS "userId", i.lines FROM insights i WHERE i.meeting_id = $1 ORDER BY i.id`,
);

const erasedOf = statement<{ userId: string }>(
  "insights.erasedOf",
  `SELECT user_id AS "userId" FROM insight_erasures WHERE meeting_id = $1`,
);

/** Nobody is taken out of the meeting meanwhile, and no insight is deleted. */
const lockPeople = statement<{ userId: string }>(
  "insights.lockPeople",
  `SELECT user_id AS "userId" FROM meeting_participants WHERE meeting_id = $1 ORDER BY user_id FOR KEY SHARE`,
);

const write = statement<{ userId: string }>(
  "insights.write",
  `INSERT INTO insights AS i (id, meeting_id, user_id, summary, action_items, recommendations, lines)
   SELECT n.id, $1, n."userId", n.summary, n."actionItems", n.recommendations, $3
   FROM jsonb_to_recordset($2::jsonb)
     AS n (id text, "userId" text, summary text, "actionItems" jsonb, recommendations jsonb)
   WHERE NOT EXISTS (SELECT 1 FROM insight_erasures e WHERE e.meeting_id = $1 AND e.user_id = n."userId")
   ON CONFLICT (meeting_id, user_id) DO UPDATE SET summary = EXCLUDED.summary, action_items = EXCLUDED.action_items,
     recommendations = EXCLUDED.recommendations, lines = EXCLUDED.lines, updated_at = app_now()
   WHERE $4 = 'all' OR ($4 = 'stale' AND i.lines < EXCLUDED.lines)
   RETURNING user_id AS "userId"`,
);

const removeOfMeeting = statement<{ userId: string }>(
  "insights.removeOfMeeting",
  `DELETE FROM insights WHERE meeting_id = $1 RETURNING user_id AS "userId"`,
);

const removeOf = statement(
  "insights.removeOf",
  "DELETE FROM insights WHERE meeting_id = $1 AND user_id = $2",
);

/** Waits for whoever writes it, and keeps them waiting. */
const lockPerson = statement(
  "insights.lockPerson",
  "SELECT 1 FROM meeting_participants WHERE meeting_id = $1 AND user_id = $2 FOR UPDATE",
);

const erase = statement(
  "insights.erase",
  "INSERT INTO insight_erasures (meeting_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
);

/** What is made anew: nothing that is there, what more has been said since, or all. */
export type Renewal = "missing" | "stale" | "all";

/** What a person has of a meeting. */
export function findInsight(
  tx: ReadTx,
  meetingId: string,
  userId: string,
): Promise<Insight | undefined> {
  tx.reads(`insights:${userId}`);
  return tx.first(findOf, [meetingId, userId]);
}

/** An insight with the organisation of its meeting. */
export async function findInsightById(tx: ReadTx, id: string) {
  const found = await tx.first(findById, [id]);
  if (found) tx.reads(`insights:${found.userId}`);
  return found;
}

/** A person's insights, the newest first. */
export function listInsights(
  tx: ReadTx,
  userId: string,
  { limit, offset }: { limit: number; offset: number },
): Promise<Insight[]> {
  tx.reads(`insights:${userId}`);
  return tx.all(listOf, [userId, limit, offset]);
}

/** The insights of a meeting, and how much had been said when each was made. */
export function insightIds(tx: ReadTx, meetingId: string) {
  return tx.all(idsOf, [meetingId]);
}

/** Those whose insight of a meeting was deleted. */
export async function peopleWithErasedInsight(tx: ReadTx, meetingId: string): Promise<Set<string>> {
  return new Set((await tx.all(erasedOf, [meetingId])).map(({ userId }) => userId));
}

/**
 * Writes the insights of a meeting, one for each person who is still in it and whose was not deleted.
 * @returns how many were written; undefined where lines were deleted or corrected since they were read
 */
export async function writeInsights(
  tx: Tx,
  meeting: { meetingId: string; revision: number; lines: number },
  contents: ReadonlyMap<string, InsightContent>,
  renewal: Renewal,
): Promise<number | undefined> {
  const { meetingId, revision, lines } = meeting;
  if ((await heldRevision(tx, meetingId)) !== revision) return undefined;
  const people = await tx.all(lockPeople, [meetingId]);
  const rows = people.flatMap(({ userId }) => {
    const content = contents.get(userId);
    return content ? [{ id: newId("insights"), userId, ...content }] : [];
  });
  const written = await tx.all(write, [meetingId, JSON.stringify(rows), lines, renewal]);
  tx.writes(...written.map(({ userId }) => `insights:${userId}` as const));
  return written.length;
}

/** All insights of a meeting. */
export async function removeInsightsOfMeeting(tx: Tx, meetingId: string): Promise<void> {
  const removed = await tx.all(removeOfMeeting, [meetingId]);
  tx.writes(...removed.map(({ userId }) => `insights:${userId}` as const));
}

/** What somebody has of a meeting that they are taken out of. */
export async function removeInsightOf(tx: Tx, meetingId: string, userId: string): Promise<void> {
  if ((await tx.run(removeOf, [meetingId, userId])) > 0) tx.writes(`insights:${userId}`);
}

/** One of them, for good: it is not made again. */
export async function eraseInsight(
  tx: Tx,
  { meetingId, userId }: { meetingId: string; userId: string },
): Promise<void> {
  await tx.run(lockPerson, [meetingId, userId]);
  await tx.run(erase, [meetingId, userId]);
  await removeInsightOf(tx, meetingId, userId);
}
