import { newId } from "../../core/ids.ts";
import { namedStatement, type ReadTx, type Statement, statement, type Tx } from "../../db/port.ts";
import type { ConnectionQuality, SessionMetadata, SessionName, SessionState } from "./peer.ts";

/** A session as it is stored. Times are epoch ms. */
export interface SessionRow {
  id: string;
  meetingId: string;
  sessionId: string;
  userId: string;
  state: SessionState;
  metadata: SessionMetadata | null;
  quality: ConnectionQuality | null;
  metricsAt: number | null;
  createdAt: number;
  updatedAt: number;
}

const columns = `s.id, s.meeting_id AS "meetingId", s.session_id AS "sessionId", s.user_id AS "userId", s.state,
  s.metadata, s.quality, s.metrics_at AS "metricsAt", s.created_at AS "createdAt", s.updated_at AS "updatedAt"`;

const findByName = statement<SessionRow>(
  "peers.findSession",
  `SELECT ${columns} FROM webrtc_sessions s WHERE s.meeting_id = $1 AND s.session_id = $2`,
);

const insert = statement(
  "peers.insertSession",
  "INSERT INTO webrtc_sessions (id, meeting_id, session_id, user_id) VALUES ($1, $2, $3, $4)",
);

/** A failed one that its client takes up again is connecting. */
const revive = statement(
  "peers.reviveSession",
  `UPDATE webrtc_sessions SET state = 'connecting', heard_at = app_now(), updated_at = app_now()
   WHERE meeting_id = $1 AND session_id = $2 AND state = 'failed'`,
);

interface Change extends SessionName {
  state: SessionState;
  metadata: SessionMetadata | null;
}

/** `changed` false: only a sign of life. */
const change = namedStatement<{ changed: boolean }, Change>(
  "peers.changeSession",
  `UPDATE webrtc_sessions s SET state = :state, metadata = coalesce(:metadata::jsonb, s.metadata), heard_at = app_now(),
     updated_at = CASE WHEN o.changed THEN app_now() ELSE s.updated_at END
   FROM (SELECT id, state <> :state OR (:metadata::jsonb IS NOT NULL AND metadata IS DISTINCT FROM :metadata::jsonb) AS changed
     FROM webrtc_sessions WHERE meeting_id = :meetingId AND session_id = :sessionId AND user_id = :userId
       AND state <> 'closed' FOR UPDATE) o
   WHERE s.id = o.id RETURNING o.changed`,
);

const touch = statement(
  "peers.hearSession",
  `UPDATE webrtc_sessions SET heard_at = app_now()
   WHERE meeting_id = $1 AND session_id = $2 AND user_id = $3 AND state <> 'closed'`,
);

const fail = statement(
  "peers.failSession",
  `UPDATE webrtc_sessions SET state = 'failed', failure_type = $4, failure_details = $5, heard_at = app_now(),
     updated_at = app_now()
   WHERE meeting_id = $1 AND session_id = $2 AND user_id = $3 AND state <> 'closed'`,
);

interface Closed {
  meetingId: string;
  sessionId: string;
}

const closing = `UPDATE webrtc_sessions SET state = 'closed', updated_at = app_now()`;
const closed = `RETURNING meeting_id AS "meetingId", session_id AS "sessionId"`;

const closeOne = statement<Closed>(
  "peers.closeSession",
  `${closing} WHERE meeting_id = $1 AND session_id = $2 AND user_id = $3 AND state <> 'closed' ${closed}`,
);
const closeOfUser = statement<Closed>(
  "peers.closeSessionsOfUser",
  `${closing} WHERE meeting_id = $1 AND user_id = $2 AND state <> 'closed' ${closed}`,
);
const closeOfMeeting = statement<Closed>(
  "peers.closeSessionsOfMeeting",
  `${closing} WHERE meeting_id = $1 AND state <> 'closed' ${closed}`,
);
/** All but the `$3` of which was heard last. */
const closeSpare = statement<Closed>(
  "peers.closeSpareSessions",
  `${closing} WHERE id IN (
     SELECT id FROM webrtc_sessions WHERE meeting_id = $1 AND user_id = $2 AND state <> 'closed'
     ORDER BY heard_at DESC, id DESC OFFSET $3) ${closed}`,
);
const closeSilent = statement<Closed>(
  "peers.closeSilentSessions",
  `${closing} WHERE id IN (
     SELECT id FROM webrtc_sessions WHERE state <> 'closed' AND heard_at < app_now() - $1 * interval '1 millisecond'
     ORDER BY heard_at LIMIT $2 FOR UPDATE SKIP LOCKED) ${closed}`,
);

/** What a person may leave behind in a meeting is bounded too. */
const removeOldest = statement(
  "peers.removeClosedSessions",
  `DELETE FROM webrtc_sessions WHERE id IN (
     SELECT id FROM webrtc_sessions WHERE meeting_id = $1 AND user_id = $2 AND state = 'closed'
     ORDER BY updated_at DESC, id DESC OFFSET $3)`,
);

const removeSignals = statement<{ toUserId: string }>(
  "peers.removeSignalsOfSession",
  `DELETE FROM webrtc_signals WHERE meeting_id = $1 AND session_id = $2 RETURNING to_user_id AS "toUserId"`,
);
const removeSignalsTo = statement(
  "peers.removeSignalsTo",
  "DELETE FROM webrtc_signals WHERE meeting_id = $1 AND to_user_id = $2",
);

/** Of each kind that is closed, all tell the same: which sessions. */
const closings = {
  one: closeOne,
  ofUser: closeOfUser,
  ofMeeting: closeOfMeeting,
  spare: closeSpare,
  silent: closeSilent,
} satisfies Record<string, Statement<Closed>>;

export function findSession(
  tx: ReadTx,
  { meetingId, sessionId }: Pick<SessionName, "meetingId" | "sessionId">,
): Promise<SessionRow | undefined> {
  return tx.first(findByName, [meetingId, sessionId]);
}

export async function insertSession(tx: Tx, name: SessionName): Promise<void> {
  const { meetingId, sessionId, userId } = name;
  await tx.run(insert, [newId("webrtcSessions"), meetingId, sessionId, userId]);
  tx.writes(`sessions:${meetingId}`);
}

/** Nothing where it has not failed. */
export async function reviveSession(tx: Tx, { meetingId, sessionId }: SessionName): Promise<void> {
  if ((await tx.run(revive, [meetingId, sessionId])) > 0) tx.writes(`sessions:${meetingId}`);
}

/** @returns false where there is no such open session of that user */
export async function changeSession(tx: Tx, wanted: Change): Promise<boolean> {
  const found = await tx.first(change, change.bind(wanted));
  if (found?.changed) tx.writes(`sessions:${wanted.meetingId}`);
  return found !== undefined;
}

/** Notes a sign of life. @returns false where there is no such open session of that user */
export async function hearSession(tx: Tx, name: SessionName): Promise<boolean> {
  return (await tx.run(touch, [name.meetingId, name.sessionId, name.userId])) > 0;
}

/** @returns false where there is no such open session of that user */
export async function failSession(
  tx: Tx,
  { meetingId, sessionId, userId }: SessionName,
  failure: { type: string; details: string | null },
): Promise<boolean> {
  const values = [meetingId, sessionId, userId, failure.type, failure.details];
  const failed = (await tx.run(fail, values)) > 0;
  if (failed) tx.writes(`sessions:${meetingId}`);
  return failed;
}

/** Closes sessions, and takes back what they sent. @returns how many */
export async function closeSessions(
  tx: Tx,
  which: keyof typeof closings,
  values: (string | number)[],
): Promise<number> {
  const found = await tx.all(closings[which], values);
  for (const { meetingId, sessionId } of found) {
    tx.writes(`sessions:${meetingId}`);
    const withdrawn = await tx.all(removeSignals, [meetingId, sessionId]);
    for (const { toUserId } of withdrawn) tx.writes(`signals:${meetingId}/${toUserId}`);
  }
  return found.length;
}

/** Forgets what was on its way to somebody who is gone. */
export async function forgetSignalsTo(tx: Tx, meetingId: string, userId: string): Promise<void> {
  if ((await tx.run(removeSignalsTo, [meetingId, userId])) > 0)
    tx.writes(`signals:${meetingId}/${userId}`);
}

/** Keeps so many closed sessions of somebody. */
export async function removeClosedSessions(
  tx: Tx,
  { meetingId, userId }: SessionName,
  kept: number,
): Promise<void> {
  await tx.run(removeOldest, [meetingId, userId, kept]);
}
