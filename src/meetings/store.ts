import { AppError } from "../core/errors.ts";
import { type ReadTx, statement, type Tx } from "../db/port.ts";
import type { Headcount, Meeting, MeetingState, Member } from "./meeting.ts";

const columns = `
  m.id, m.organizer_id AS "organizerId", m.title, m.state, m.tier,
  m.recording_permitted AS "recordingPermitted", m.transcription_enabled AS "transcriptionEnabled",
  m.max_participants AS "maxParticipants", m.room_id AS "roomId",
  m.started_at AS "startedAt", m.ended_at AS "endedAt"`;

const findById = statement<Meeting>(
  "meetings.find",
  `SELECT ${columns} FROM meetings m WHERE m.id = $1`,
);

/** Weaker than FOR UPDATE on purpose: rows that point to the meeting (events, recordings) can still be added. */
const lockById = statement<Meeting>(
  "meetings.lock",
  `SELECT ${columns} FROM meetings m WHERE m.id = $1 FOR NO KEY UPDATE`,
);

const countPeople = statement<Headcount>(
  "meetings.headcount",
  `SELECT count(*) AS total, count(*) FILTER (WHERE presence = 'joined') AS joined
   FROM meeting_participants WHERE meeting_id = $1`,
);

/** Whoever is deactivated can end nothing, and does not count. */
const countOtherHosts = statement<{ others: number }>(
  "meetings.otherHosts",
  `SELECT count(*) AS others FROM meeting_participants p JOIN users u ON u.id = p.user_id
   WHERE p.meeting_id = $1 AND p.role = 'host' AND u.is_active AND p.user_id <> $2`,
);

const findMemberOf = statement<Member>(
  "meetings.findMember",
  `SELECT id, role, presence FROM meeting_participants WHERE meeting_id = $1 AND user_id = $2`,
);

const move = statement<Meeting>(
  "meetings.move",
  `UPDATE meetings m SET state = $2,
     started_at = CASE WHEN $2 = 'active' THEN app_now() ELSE started_at END,
     ended_at = CASE WHEN $2 = 'concluded' THEN app_now() ELSE ended_at END,
     room_due_at = CASE WHEN tier = 'paid' AND $2 IN ('active', 'concluded')
       THEN app_now() + interval '5 seconds' END,
     updated_at = app_now()
   WHERE m.id = $1
   RETURNING ${columns}`,
);

const peopleOf = statement<{ userId: string }>(
  "meetings.peopleOf",
  `SELECT user_id AS "userId" FROM meeting_participants WHERE meeting_id = $1`,
);

const databaseNow = statement<{ now: number }>("meetings.now", "SELECT app_now() AS now");

/** @throws AppError NOT_FOUND */
export async function requireMeeting(tx: ReadTx, id: string): Promise<Meeting> {
  tx.reads(`meeting:${id}`);
  return present(await tx.first(findById, [id]), id);
}

/**
 * The meeting, kept from being changed by others until the transaction ends; every decision that depends on
 * its state or its people is made under this lock. @throws AppError NOT_FOUND
 */
export async function lockMeeting(tx: Tx, id: string): Promise<Meeting> {
  return present(await tx.first(lockById, [id]), id);
}

function present(meeting: Meeting | undefined, id: string): Meeting {
  if (meeting) return meeting;
  throw new AppError("NOT_FOUND", "Meeting not found", { id });
}

/** Counted in a statement of its own: one that waited for the lock would count what was before the wait. */
export async function headcount(tx: ReadTx, meetingId: string): Promise<Headcount> {
  const counted = await tx.first(countPeople, [meetingId]);
  if (!counted) throw new Error("the database did not count");
  return counted;
}

/** How many active hosts a locked meeting has beside this user. */
export async function otherHosts(tx: ReadTx, meetingId: string, userId: string): Promise<number> {
  const counted = await tx.first(countOtherHosts, [meetingId, userId]);
  if (!counted) throw new Error("the database did not count");
  return counted.others;
}

export function findMember(
  tx: ReadTx,
  meetingId: string,
  userId: string,
): Promise<Member | undefined> {
  return tx.first(findMemberOf, [meetingId, userId]);
}

/** Moves a locked meeting whose move was found legal; sets the times and the deadline of its room. */
export async function moveMeeting(tx: Tx, id: string, to: MeetingState): Promise<Meeting> {
  // A list by state has read nothing of a meeting that comes into it: it is told of by whose it is.
  const people = await tx.all(peopleOf, [id]);
  tx.writes(`meeting:${id}`, ...people.map(({ userId }) => `memberships:${userId}` as const));
  return present(await tx.first(move, [id, to]), id);
}

/** The database's clock, epoch ms: the one time all nodes share. */
export async function now(tx: ReadTx): Promise<number> {
  const row = await tx.first(databaseNow);
  if (!row) throw new Error("the database did not tell the time");
  return row.now;
}
