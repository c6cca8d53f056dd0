import { type ReadTx, statement, type Tx } from "../db/port.ts";
import type { MatchState } from "./match.ts";

/** One of two, and what they have said. Times are epoch ms. */
export interface MatchPerson {
  userId: string;
  entryId: string;
  acceptedAt: number | null;
  declinedAt: number | null;
  completedAt: number | null;
}

export interface Match {
  id: string;
  meetingId: string;
  state: MatchState;
  startsAt: number;
  people: MatchPerson[];
}

const people = `(SELECT jsonb_agg(jsonb_build_object('userId', p.user_id, 'entryId', p.entry_id,
    'acceptedAt', extract(epoch FROM p.accepted_at) * 1000, 'declinedAt', extract(epoch FROM p.declined_at) * 1000,
    'completedAt', extract(epoch FROM p.completed_at) * 1000) ORDER BY p.user_id)
  FROM match_people p WHERE p.match_id = m.id) AS people`;

const columns = `m.id, m.meeting_id AS "meetingId", m.state, m.starts_at AS "startsAt", ${people}`;

/** An entry names its last match, for who is told of entries alone. */
const ofPerson = statement<{ id: string; meetingId: string }>(
  "matches.ofPerson",
  `SELECT m.id, m.meeting_id AS "meetingId" FROM match_people p JOIN matches m ON m.id = p.match_id
   WHERE p.user_id = $1 AND (m.id = $2 OR p.entry_id = $2) ORDER BY m.id DESC LIMIT 1`,
);

const lockById = statement("matches.lock", "SELECT 1 FROM matches WHERE id = $1 FOR UPDATE");

const findById = statement<Match>(
  "matches.find",
  `SELECT ${columns} FROM matches m WHERE m.id = $1`,
);

const openOfMeeting = statement<{ id: string }>(
  "matches.openOfMeeting",
  `SELECT m.id FROM matches m WHERE m.meeting_id = $1
     AND EXISTS (SELECT 1 FROM match_people p WHERE p.match_id = m.id AND p.is_open)`,
);

const openOf = statement<{ id: string }>(
  "matches.openOf",
  "SELECT match_id AS id FROM match_people WHERE user_id = $1 AND is_open",
);

const settle = statement(
  "matches.settle",
  "UPDATE matches SET state = $2, settled_at = app_now() WHERE id = $1 AND state <> $2",
);

const close = statement(
  "matches.close",
  "UPDATE match_people SET is_open = false WHERE match_id = $1 AND is_open",
);

/** Somebody's match, by its id or that of their entry. */
export const findMatchOf = (tx: ReadTx, userId: string, id: string) =>
  tx.first(ofPerson, [userId, id]);

/** The match, kept from being changed by others until the transaction ends. Its meeting is locked before. */
export async function lockMatch(tx: Tx, id: string): Promise<Match> {
  await tx.run(lockById, [id]);
  // In a statement of its own: one that waited would give what was before the wait.
  const match = await tx.first(findById, [id]);
  if (!match) throw new Error("a match has gone");
  return match;
}

/** The match of a meeting that is not over. */
export const openMatchOfMeeting = (tx: ReadTx, meetingId: string) =>
  tx.first(openOfMeeting, [meetingId]);

/** The match that somebody is in. */
export const openMatchOf = (tx: ReadTx, userId: string) => tx.first(openOf, [userId]);

/** Gives a locked match a state; who is in it is told. */
export async function settleMatch(tx: Tx, match: Match, state: MatchState): Promise<void> {
  await tx.run(settle, [match.id, state]);
  tellMatch(tx, match);
}

/** Nobody is in it any more, and may be in another. */
export async function closeMatch(tx: Tx, match: Match): Promise<void> {
  await tx.run(close, [match.id]);
  tellMatch(tx, match);
}

export function tellMatch(tx: Tx, match: Match): void {
  tx.writes("matching:matches", ...match.people.map(({ userId }) => `matching:${userId}` as const));
}
