import type { User } from "../auth/identity.ts";
import { limitCalls } from "../auth/limitedCalls.ts";
import { type Database, type ReadTx, statement, type Tx } from "../db/port.ts";
import type { ToldItem } from "../insights/insight.ts";
import { attendees } from "../insights/material.ts";
import { lockMeeting } from "../meetings/store.ts";
import { type LastMeeting, preCallIdeas } from "./preCallIdeas.ts";
import { addPrompts, forgetIdeas, promptIds } from "./store.ts";

const limit = { action: "promptGeneration", calls: 10, windowMs: 300_000 } as const;
const mostKept = 6;

/**
 * What the caller was told of the last meeting that everybody who is in this one was in: nobody learns what was said where they were
 * not.
 */
const findLast = statement<{ meetingId: string; title: string; items: ToldItem[] }>(
  "prompts.lastMeeting",
  `SELECT m.id AS "meetingId", m.title, i.action_items AS items
   FROM (SELECT * FROM insights WHERE user_id = $2 ORDER BY created_at DESC, id DESC LIMIT 50) i
     JOIN meetings m ON m.id = i.meeting_id
   WHERE m.id <> $1 AND NOT EXISTS (
     SELECT 1 FROM meeting_participants p WHERE p.meeting_id = $1 AND NOT EXISTS (
       SELECT 1 FROM meeting_participants q WHERE q.meeting_id = m.id AND q.user_id = p.user_id))
   ORDER BY m.ended_at DESC NULLS LAST, m.id DESC LIMIT 1`,
);

const isCrowd = statement<{ people: number }>(
  "prompts.countPeople",
  "SELECT count(*) AS people FROM meeting_participants WHERE meeting_id = $1",
);

export interface PreCall {
  promptIds: string[];
  generated: boolean;
  fromCache: boolean;
}

/**
 * Ideas of what to talk about in a meeting that is not over: those that are there, unless all anew are wanted.
 * @throws AppError NOT_FOUND, RATE_LIMIT_EXCEEDED (all anew more than ten times in five minutes)
 */
export function generatePreCall(
  db: Database,
  user: User,
  { meetingId, isForced }: { meetingId: string; isForced: boolean },
): Promise<PreCall> {
  return db.transaction(async (tx) => {
    // Who asks at the same time waits, and finds what is there.
    const { state } = await lockMeeting(tx, meetingId);
    const present = await promptIds(tx, meetingId, "precall");
    const isOver = state === "concluded" || state === "cancelled";
    if (isOver || (present.length > 0 && !isForced))
      return { promptIds: present, generated: false, fromCache: true };
    if (isForced) await limitCalls(tx, user.id, limit);
    const ids = await makeAnew(tx, meetingId, user.id);
    return { promptIds: ids, generated: ids.length > 0, fromCache: false };
  });
}

async function makeAnew(tx: Tx, meetingId: string, userId: string): Promise<string[]> {
  const people = await attendees(tx, meetingId);
  const ideas = preCallIdeas(people, await lastMeeting(tx, meetingId, userId));
  await forgetIdeas(tx, meetingId);
  if (ideas.length === 0) return [];
  return addPrompts(tx, { meetingId, type: "precall", kept: mostKept }, ideas);
}

async function lastMeeting(
  tx: ReadTx,
  meetingId: string,
  userId: string,
): Promise<LastMeeting | undefined> {
  // Alone one was in all meetings with everybody.
  const people = (await tx.first(isCrowd, [meetingId]))?.people ?? 0;
  return people > 1 ? tx.first(findLast, [meetingId, userId]) : undefined;
}
