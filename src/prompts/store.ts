import { newId } from "../core/ids.ts";
import { type ReadTx, statement, type Tx } from "../db/port.ts";
import type { Prompt, PromptFeedback, PromptIdea, PromptType } from "./prompt.ts";

/** Somebody it tells of has hidden their profile since, or has gone. */
const isReserved = `p.type = 'precall' AND EXISTS (
  SELECT 1 FROM users u LEFT JOIN user_settings s ON s.user_id = u.id
  WHERE u.id = ANY(p.about_user_ids) AND NOT (u.is_active AND coalesce(s.profile_visibility, true)))`;

/** What was dismissed is told no more. */
const listOpen = statement<Prompt & { aboutUserIds: string[]; isReserved: boolean }>(
  "prompts.listOpen",
  `SELECT p.id, p.content, p.tags, p.relevance, p.feedback, p.used_at AS "usedAt", p.created_at AS "createdAt",
     p.about_user_ids AS "aboutUserIds", ${isReserved} AS "isReserved"
   FROM prompts p WHERE p.meeting_id = $1 AND p.type = $2 AND p.feedback IS DISTINCT FROM 'dismissed'
   ORDER BY p.created_at DESC, p.relevance DESC, p.id`,
);

const idsOf = statement<{ id: string }>(
  "prompts.idsOf",
  "SELECT id FROM prompts WHERE meeting_id = $1 AND type = $2 ORDER BY relevance DESC, id",
);

const insert = statement<{ id: string }>(
  "prompts.insert",
  `INSERT INTO prompts (id, meeting_id, type, content, tags, relevance, about_user_ids, source_meeting_id)
   SELECT n.id, $1, $2, n.content, n.tags, n.relevance, n."aboutUserIds", n."sourceMeetingId"
   FROM jsonb_to_recordset($3::jsonb) AS n (id text, content text, tags text[], relevance double precision,
     "aboutUserIds" text[], "sourceMeetingId" text)
   RETURNING id`,
);

const removeOlder = statement(
  "prompts.removeOlder",
  `DELETE FROM prompts WHERE meeting_id = $1 AND type = $2 AND id NOT IN (
     SELECT id FROM prompts WHERE meeting_id = $1 AND type = $2 ORDER BY created_at DESC, relevance DESC, id LIMIT $3)`,
);

const removeType = statement(
  "prompts.removeType",
  "DELETE FROM prompts WHERE meeting_id = $1 AND type = $2",
);

const removeAbout = statement(
  "prompts.removeAbout",
  "DELETE FROM prompts WHERE meeting_id = $1 AND (type = 'precall' OR $2 = ANY(about_user_ids))",
);

const removeQuotes = statement<{ meetingId: string }>(
  "prompts.removeQuotes",
  `DELETE FROM prompts WHERE source_meeting_id = $1 OR (meeting_id = $1 AND type = 'incall')
   RETURNING meeting_id AS "meetingId"`,
);

const setFeedback = statement<{ meetingId: string }>(
  "prompts.setFeedback",
  `UPDATE prompts SET feedback = $2, used_at = CASE WHEN $2 = 'used' THEN app_now() ELSE used_at END
   WHERE id = $1 RETURNING meeting_id AS "meetingId"`,
);

/** Prompts of a meeting, of which there are few, the newest first. */
export async function openPrompts(
  tx: ReadTx,
  meetingId: string,
  type: PromptType,
): Promise<Prompt[]> {
  tx.reads(`prompts:${meetingId}`);
  const prompts = await tx.all(listOpen, [meetingId, type]);
  const about = new Set(prompts.flatMap(({ aboutUserIds }) => aboutUserIds));
  tx.reads(...[...about].map((id) => `user:${id}` as const));
  return prompts.filter((prompt) => !prompt.isReserved);
}

/** The ids of all prompts of a meeting, dismissed ones too. */
export async function promptIds(
  tx: ReadTx,
  meetingId: string,
  type: PromptType,
): Promise<string[]> {
  return (await tx.all(idsOf, [meetingId, type])).map(({ id }) => id);
}

/** Adds prompts; of all of their type the newest `kept` stay. */
export async function addPrompts(
  tx: Tx,
  { meetingId, type, kept }: { meetingId: string; type: PromptType; kept: number },
  ideas: readonly (PromptIdea & { sourceMeetingId: string | null })[],
): Promise<string[]> {
  const rows = ideas.map((idea) => ({ ...idea, id: newId("prompts") }));
  const added = await tx.all(insert, [meetingId, type, JSON.stringify(rows)]);
  await tx.run(removeOlder, [meetingId, type, kept]);
  tx.writes(`prompts:${meetingId}`);
  return added.map(({ id }) => id);
}

/** Ideas of before a meeting are of the people who are in it: they go when those change. */
export async function forgetIdeas(tx: Tx, meetingId: string): Promise<void> {
  if ((await tx.run(removeType, [meetingId, "precall"])) > 0) tx.writes(`prompts:${meetingId}`);
}

/** As `forgetIdeas`, for somebody who is taken out; with all that tells of them. */
export async function forgetPromptsAbout(tx: Tx, meetingId: string, userId: string): Promise<void> {
  if ((await tx.run(removeAbout, [meetingId, userId])) > 0) tx.writes(`prompts:${meetingId}`);
}

/** Lines of a meeting's transcript were deleted: prompts that quote them go, in whatever meeting they are. */
export async function forgetQuotingPrompts(tx: Tx, meetingId: string): Promise<void> {
  const removed = await tx.all(removeQuotes, [meetingId]);
  tx.writes(...removed.map((row) => `prompts:${row.meetingId}` as const));
}

/** Stores what somebody has done with a prompt. */
export async function storeFeedback(tx: Tx, id: string, feedback: PromptFeedback): Promise<void> {
  const changed = await tx.first(setFeedback, [id, feedback]);
  if (changed) tx.writes(`prompts:${changed.meetingId}`);
}
