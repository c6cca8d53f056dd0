import { AppError } from "../../core/errors.ts";
import { orThrow } from "../../core/result.ts";
import { clientName } from "../../core/text/clientName.ts";
import { type Database, type ReadTx, statement, type Tx } from "../../db/port.ts";
import type { SessionMetadata, SessionName, SessionState } from "./peer.ts";
import { lockPeerMeeting } from "./peerMeeting.ts";
import { checkMetadata, maxOpenSessions } from "./sessionRules.ts";
import {
  changeSession,
  closeSessions,
  findSession,
  forgetSignalsTo,
  insertSession,
  removeClosedSessions,
  reviveSession,
  type SessionRow,
} from "./sessionStore.ts";

/** Closed sessions of one person that are remembered in one meeting, so that their names are not used again. */
const rememberedSessions = 32;

/** A window that is there reports every few seconds; one that says nothing for this long is gone, ms. */
const silenceMs = 300_000;

type SessionView = SessionRow & {
  displayName: string | null;
  avatarUrl: string | null;
};

const listActive = statement<SessionView>(
  "peers.listActiveSessions",
  `SELECT s.id, s.meeting_id AS "meetingId", s.session_id AS "sessionId", s.user_id AS "userId", s.state, s.metadata,
     s.quality, s.metrics_at AS "metricsAt", s.created_at AS "createdAt", s.updated_at AS "updatedAt",
     u.display_name AS "displayName", u.avatar_url AS "avatarUrl"
   FROM webrtc_sessions s JOIN users u ON u.id = s.user_id
   WHERE s.meeting_id = $1 AND s.state IN ('connecting', 'connected', 'disconnected')
   ORDER BY s.created_at, s.id`,
);

/**
 * Opens a session of the caller's, or takes up the one of that name: again is no change, and a failed one connects again.
 * Beyond four open ones the one that was silent longest is closed.
 * @throws AppError MEETING_NOT_ACTIVE; VALIDATION_ERROR (name, paid tier); CONFLICT (somebody else's, or closed)
 */
export async function createSession(tx: Tx, name: SessionName) {
  const sessionId = orThrow(clientName("sessionId", name.sessionId));
  await lockPeerMeeting(tx, name.meetingId, name.userId);
  const found = await findSession(tx, name);
  if (found) {
    requireOwnOpen(found, name);
    await reviveSession(tx, name);
  } else {
    const { meetingId, userId } = name;
    await closeSessions(tx, "spare", [meetingId, userId, maxOpenSessions - 1]);
    await removeClosedSessions(tx, name, rememberedSessions);
    await insertSession(tx, name);
  }
  return { sessionId, success: true };
}

function requireOwnOpen(found: SessionRow, { userId, sessionId }: SessionName): void {
  const reason = found.userId !== userId ? "session_of_another" : "session_closed";
  if (found.userId === userId && found.state !== "closed") return;
  const message = "This sessionId has been used; begin another session under a new one";
  throw new AppError("CONFLICT", message, { sessionId, reason });
}

/**
 * Notes how the caller's session stands; the same again is a sign of life.
 * @throws AppError NOT_FOUND (no open session of the caller's by that name), VALIDATION_ERROR (name, metadata)
 */
export async function updateSession(
  tx: Tx,
  name: SessionName,
  { state, metadata }: { state: SessionState; metadata?: SessionMetadata | undefined },
): Promise<void> {
  orThrow(clientName("sessionId", name.sessionId));
  const kept = metadata === undefined ? null : orThrow(checkMetadata(metadata));
  const { meetingId, sessionId, userId } = name;
  const found =
    state === "closed"
      ? (await closeSessions(tx, "one", [meetingId, sessionId, userId])) > 0
      : await changeSession(tx, { ...name, state, metadata: kept });
  if (!found) throw noSession(name);
}

/** Closes the caller's session; nothing where there is none. */
export async function closeSession(tx: Tx, name: SessionName): Promise<void> {
  if (!clientName("sessionId", name.sessionId).ok) return;
  await closeSessions(tx, "one", [name.meetingId, name.sessionId, name.userId]);
}

/** Closes all of a user's sessions in a meeting that they leave or are taken out of. */
export async function closeSessionsOf(tx: Tx, meetingId: string, userId: string): Promise<void> {
  await closeSessions(tx, "ofUser", [meetingId, userId]);
  await forgetSignalsTo(tx, meetingId, userId);
}

/** Closes all sessions of a meeting that ends. */
export async function closeSessionsIn(tx: Tx, meetingId: string): Promise<void> {
  await closeSessions(tx, "ofMeeting", [meetingId]);
}

/** Closes sessions whose windows say nothing any more. @returns how many; `limit` = there may be others */
export function closeSilentSessions(db: Database, limit: number): Promise<number> {
  return db.transaction((tx) => closeSessions(tx, "silent", [silenceMs, limit]));
}

export function noSession({ sessionId }: Pick<SessionName, "sessionId">): AppError {
  const message = "You have no open session of that name in this meeting";
  return new AppError("NOT_FOUND", message, { id: sessionId.slice(0, 64), reason: "no_session" });
}

/** The sessions of a meeting that are neither closed nor failed, oldest first, with a card of whose they are. */
export async function activeSessions(tx: ReadTx, meetingId: string) {
  const rows = await tx.all(listActive, [meetingId]);
  tx.reads(`sessions:${meetingId}`, `quality:${meetingId}`);
  tx.reads(...rows.map((row) => `user:${row.userId}` as const));
  return rows.map((row) => ({
    _id: row.id,
    _creationTime: row.createdAt,
    createdAt: row.createdAt,
    meetingId: row.meetingId,
    sessionId: row.sessionId,
    state: row.state,
    updatedAt: row.updatedAt,
    userId: row.userId,
    user: {
      _id: row.userId,
      ...(row.displayName === null ? {} : { displayName: row.displayName }),
      ...(row.avatarUrl === null ? {} : { avatarUrl: row.avatarUrl }),
    },
    ...(row.quality === null ? {} : { connectionQuality: row.quality }),
    ...(row.metricsAt === null ? {} : { lastMetricsAt: row.metricsAt }),
    ...(row.metadata === null ? {} : { metadata: row.metadata }),
  }));
}
