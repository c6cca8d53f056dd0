import { type Database, type ReadTx, statement, type Tx } from "../db/port.ts";
import type { SaidLine } from "../insights/extract/sentences.ts";
import { findNotes } from "../notes/store.ts";
import { heldRevision, revisionOf } from "../transcripts/revision.ts";
import { inCallIdeas, type Moment } from "./inCallIdeas.ts";
import { addPrompts } from "./store.ts";

/** How often a running meeting is looked at, ms. */
const everyMs = 10_000;
/** What was told is given so much time before more is told, ms. */
const pauseMs = 30_000;
/** Prompts of a running meeting that are kept. */
const mostKept = 10;
/** What a look reads of what was said. */
const lookBackMs = 360_000;
const mostLines = 200;
const longestLine = 1_000;
const mostPeople = 50;
/** Of a long meeting the oldest are forgotten. */
const mostTold = 500;

/** Where somebody has spoken, as it was written down or measured: all others cost nothing. */
const begin = statement(
  "promptWatches.begin",
  `INSERT INTO prompt_watches (meeting_id)
   SELECT m.id FROM meetings m
   WHERE m.state = 'active' AND NOT EXISTS (SELECT 1 FROM prompt_watches w WHERE w.meeting_id = m.id)
     AND (EXISTS (SELECT 1 FROM transcriptions t WHERE t.meeting_id = m.id)
       OR EXISTS (SELECT 1 FROM meeting_speaking s WHERE s.meeting_id = m.id))
   ON CONFLICT DO NOTHING`,
);

/** What was told is kept for as long as the meeting runs. */
const end = statement(
  "promptWatches.end",
  `DELETE FROM prompt_watches w USING meetings m WHERE m.id = w.meeting_id AND m.state <> 'active'`,
);

interface Watch {
  meetingId: string;
  told: string[];
  toldAt: number | null;
  now: number;
}

/** Put off rather than leased: whoever dies over it leaves it to the next look. */
const claim = statement<Watch>(
  "promptWatches.claim",
  `UPDATE prompt_watches w SET next_at = app_now() + interval '${everyMs} milliseconds'
   WHERE w.meeting_id IN (
     SELECT meeting_id FROM prompt_watches WHERE next_at <= app_now()
     ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED)
   RETURNING w.meeting_id AS "meetingId", w.told, w.told_at AS "toldAt", app_now() AS now`,
);

/** Locked, so that two looks at one meeting do not both tell. */
const lockRunning = statement<{ told: string[] }>(
  "promptWatches.lock",
  `SELECT w.told FROM prompt_watches w JOIN meetings m ON m.id = w.meeting_id
   WHERE w.meeting_id = $1 AND m.state = 'active' FOR UPDATE OF w`,
);

const tell = statement(
  "promptWatches.tell",
  "UPDATE prompt_watches SET told = $2, told_at = app_now() WHERE meeting_id = $1",
);

const recentLines = statement<SaidLine>(
  "promptWatches.lines",
  `SELECT sequence, speaker_id AS "speakerId", left(text, ${longestLine}) AS text, start_ms AS "startMs", end_ms AS "endMs"
   FROM transcripts WHERE meeting_id = $1 AND NOT is_interim AND start_ms > $2
   ORDER BY start_ms DESC, sequence DESC LIMIT ${mostLines}`,
);

const presentPeople = statement<{ id: string; name: string | null }>(
  "promptWatches.people",
  `SELECT u.id, u.display_name AS name FROM meeting_participants p JOIN users u ON u.id = p.user_id AND u.is_active
   WHERE p.meeting_id = $1 AND p.presence = 'joined' AND p.role <> 'observer' ORDER BY p.joined_at, p.id LIMIT ${mostPeople}`,
);

const activityOf = statement<{ at: number | null; topics: string[] }>(
  "promptWatches.activity",
  "SELECT last_activity_at AS at, topics FROM meeting_activity WHERE meeting_id = $1",
);

const speakingOf = statement<{ id: string; ms: number }>(
  "promptWatches.speaking",
  "SELECT user_id AS id, speaking_ms AS ms FROM meeting_speaking WHERE meeting_id = $1 AND user_id = ANY($2::text[])",
);

/**
 * Looks at running meetings that are due, and tells their people what to go on with where it is needed. Safe on any number of
 * nodes at once. To be called every few seconds.
 * @returns how many were looked at: `limit` = there may be others
 */
export async function watchMeetings(db: Database, limit: number): Promise<number> {
  const due = await db.transaction(async (tx) => {
    await tx.run(end);
    await tx.run(begin);
    return tx.all(claim, [limit]);
  });
  for (const watch of due) {
    if (watch.toldAt !== null && watch.now - watch.toldAt < pauseMs) continue;
    const { revision, ...moment } = await db.read((tx) => momentOf(tx, watch));
    const ideas = inCallIdeas(moment);
    if (ideas.length === 0) continue;
    await db.transaction(async (tx) => {
      // The next look tells of what is left.
      if ((await heldRevision(tx, watch.meetingId)) !== revision) return;
      await tellIdeas(tx, watch.meetingId, ideas);
    });
  }
  return due.length;
}

async function momentOf(
  tx: ReadTx,
  { meetingId, told, toldAt, now }: Watch,
): Promise<Moment & { revision: number }> {
  const lines = await tx.all(recentLines, [meetingId, now - lookBackMs]);
  const people = await tx.all(presentPeople, [meetingId]);
  const activity = await tx.first(activityOf, [meetingId]);
  const speaking = await tx.all(speakingOf, [meetingId, people.map(({ id }) => id)]);
  return {
    ...{ now, lines: lines.reverse(), told: new Set(told), toldAt: toldAt ?? 0 },
    ...{ lastActivityAt: activity?.at ?? 0, topics: activity?.topics ?? [], people },
    speakingMs: new Map(speaking.map(({ id, ms }) => [id, ms])),
    notes: (await findNotes(tx, meetingId))?.content ?? "",
    revision: await revisionOf(tx, meetingId),
  };
}

async function tellIdeas(
  tx: Tx,
  meetingId: string,
  ideas: ReturnType<typeof inCallIdeas>,
): Promise<void> {
  const running = await tx.first(lockRunning, [meetingId]);
  const fresh = ideas.filter(({ key }) => running?.told.includes(key) === false);
  if (!running || fresh.length === 0) return;
  const told = [...running.told, ...fresh.map(({ key }) => key)].slice(-mostTold);
  await tx.run(tell, [meetingId, told]);
  const rows = fresh.map(({ key: _, ...idea }) => ({ ...idea, sourceMeetingId: null }));
  await addPrompts(tx, { meetingId, type: "incall", kept: mostKept }, rows);
}
