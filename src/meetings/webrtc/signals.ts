import { AppError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { orThrow } from "../../core/result.ts";
import { clientName } from "../../core/text/clientName.ts";
import { namedStatement, type ReadTx, statement, type Tx } from "../../db/port.ts";
import type { IceCandidate, SessionDescription, SessionName, SignalContent } from "./peer.ts";
import { lockPeerMeeting } from "./peerMeeting.ts";
import { invalid } from "./sessionRules.ts";
import { hearSession } from "./sessionStore.ts";
import { noSession } from "./sessions.ts";
import {
  type Backlog,
  checkCandidate,
  checkDescription,
  maxMarkedSignals,
  mayStore,
  signalLifeMs,
  signalsPerPage,
} from "./signalRules.ts";

const isRecent = `created_at > app_now() - interval '${signalLifeMs} milliseconds'`;

const findBacklog = statement<Backlog & { lastSequence: number }>(
  "peers.signalBacklog",
  `SELECT count(*) FILTER (WHERE from_user_id = $2) AS "senderSignals",
     coalesce(sum(size_bytes) FILTER (WHERE from_user_id = $2), 0)::bigint AS "senderBytes",
     count(*) AS "meetingSignals", coalesce(sum(size_bytes), 0)::bigint AS "meetingBytes",
     coalesce(${signalLifeMs} - extract(epoch FROM app_now() - min(created_at)) * 1000, 0)::double precision
       AS "oldestLeftMs",
     (SELECT coalesce(max(sequence), 0) FROM webrtc_signals WHERE meeting_id = $1) AS "lastSequence"
   FROM webrtc_signals WHERE meeting_id = $1 AND ${isRecent}`,
);

/** Everybody in the meeting but the sender, or the one of them that is named. */
const findAddressees = statement<{ userId: string }>(
  "peers.signalAddressees",
  `SELECT user_id AS "userId" FROM meeting_participants
   WHERE meeting_id = $1 AND user_id <> $2 AND ($3::text IS NULL OR user_id = $3) ORDER BY user_id`,
);

interface NewSignal extends SessionName {
  id: string;
  sequence: number;
  toUserId: string;
  type: SignalContent["type"];
  data: SignalContent["data"];
  sizeBytes: number;
}

const insertSignal = namedStatement<Record<never, never>, NewSignal>(
  "peers.insertSignal",
  `INSERT INTO webrtc_signals (id, meeting_id, sequence, session_id, from_user_id, to_user_id, type, data, size_bytes)
   VALUES (:id, :meetingId, :sequence, :sessionId, :userId, :toUserId, :type, :data::jsonb, :sizeBytes)`,
);

type PendingSignal = SignalContent & {
  id: string;
  fromUserId: string;
  sessionId: string;
  at: number;
};

/** Behind the signal that the caller saw last, if that is theirs and still known; else from the beginning. */
const findPending = statement<PendingSignal>(
  "peers.pendingSignals",
  `SELECT id, type, data, from_user_id AS "fromUserId", session_id AS "sessionId", created_at AS at
   FROM webrtc_signals
   WHERE meeting_id = $1 AND to_user_id = $2 AND processed_at IS NULL AND ${isRecent}
     AND ($3::text IS NULL OR session_id = $3)
     AND sequence > coalesce(
       (SELECT sequence FROM webrtc_signals WHERE id = $4 AND meeting_id = $1 AND to_user_id = $2), 0)
   ORDER BY sequence LIMIT ${signalsPerPage}`,
);

const markProcessed = statement<{ meetingId: string }>(
  "peers.markSignals",
  `UPDATE webrtc_signals SET processed_at = app_now()
   WHERE id = ANY($1) AND to_user_id = $2 AND processed_at IS NULL RETURNING meeting_id AS "meetingId"`,
);

interface Sending extends SessionName {
  /** Undefined = everybody else in the meeting. */
  targetUserId: string | undefined;
}

/** Sends a description from the caller's session. @throws AppError as `send` does */
export async function sendDescription(tx: Tx, sending: Sending, description: SessionDescription) {
  await send(tx, sending, { type: "sdp", data: orThrow(checkDescription(description)) });
}

/** Sends a candidate from the caller's session. @throws AppError as `send` does */
export async function sendCandidate(tx: Tx, sending: Sending, candidate: IceCandidate) {
  await send(tx, sending, { type: "ice", data: orThrow(checkCandidate(candidate)) });
}

/**
 * Stores a signal for each it is for, once there is room for all of them.
 * @throws AppError MEETING_NOT_ACTIVE; VALIDATION_ERROR (content, paid tier); NOT_FOUND (no such session of the sender's, no
 * such other person in the meeting); RATE_LIMIT_EXCEEDED with `retryAfterMs`
 */
async function send(tx: Tx, sending: Sending, content: SignalContent): Promise<void> {
  const { meetingId, userId, sessionId, targetUserId } = sending;
  orThrow(clientName("sessionId", sessionId));
  await lockPeerMeeting(tx, meetingId, userId);
  if (!(await hearSession(tx, sending))) throw noSession(sending);
  const addressees = await tx.all(findAddressees, [meetingId, userId, idOrNull(targetUserId)]);
  if (targetUserId !== undefined && addressees.length === 0) throw noAddressee(targetUserId);
  const sizeBytes = Buffer.byteLength(JSON.stringify(content.data));
  const backlog = await tx.first(findBacklog, [meetingId, userId]);
  if (!backlog) throw new Error("the database did not count");
  orThrow(mayStore(backlog, addressees.length, addressees.length * sizeBytes));
  for (const [index, { userId: toUserId }] of addressees.entries()) {
    const id = newId("webrtcSignals");
    const sequence = backlog.lastSequence + 1 + index;
    const { type, data } = content;
    const signal = { id, sequence, meetingId, userId, sessionId, toUserId, type, data, sizeBytes };
    await tx.run(insertSignal, insertSignal.bind(signal));
    tx.writes(`signals:${meetingId}/${toUserId}`);
  }
}

/** What cannot be an id names nobody; the database is not asked about it. */
function idOrNull(id: string | undefined): string | null {
  if (id === undefined || /^[\w-]{1,64}$/.test(id)) return id ?? null;
  throw noAddressee(id);
}

function noAddressee(userId: string): AppError {
  const message = "There is nobody else of that id in the meeting";
  return new AppError("NOT_FOUND", message, { id: userId.slice(0, 64), reason: "no_addressee" });
}

interface Wanted {
  meetingId: string;
  userId: string;
  /** Of the sender. */
  sessionId: string | undefined;
  lastSignalId: string | undefined;
}

/** What others sent the caller and is not processed, oldest first, 50 at most. */
export async function pendingSignals(tx: ReadTx, wanted: Wanted) {
  const { meetingId, userId, sessionId, lastSignalId } = wanted;
  tx.reads(`signals:${meetingId}/${userId}`);
  if (sessionId !== undefined && !clientName("sessionId", sessionId).ok) return [];
  const last = lastSignalId !== undefined && /^[\w-]{1,64}$/.test(lastSignalId) ? lastSignalId : "";
  const rows = await tx.all(findPending, [meetingId, userId, sessionId ?? null, last]);
  return rows.map(({ id, at, fromUserId, sessionId: from, type, data }) => ({
    _id: id,
    data,
    fromUserId,
    sessionId: from,
    timestamp: at,
    type,
  }));
}

/** Marks what was sent to the caller as processed; others' signals, and unknown ones, are left alone. */
export async function markSignals(tx: Tx, userId: string, signalIds: string[]): Promise<void> {
  if (signalIds.length > maxMarkedSignals) {
    const message = `signalIds may have ${maxMarkedSignals} ids at most`;
    orThrow(invalid("signalIds", message, { limit: maxMarkedSignals }));
  }
  const ids = signalIds.filter((id) => /^[\w-]{1,64}$/.test(id));
  if (ids.length === 0) return;
  for (const { meetingId } of await tx.all(markProcessed, [ids, userId]))
    tx.writes(`signals:${meetingId}/${userId}`);
}
