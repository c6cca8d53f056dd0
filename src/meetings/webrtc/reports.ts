import { newId } from "../../core/ids.ts";
import { orThrow } from "../../core/result.ts";
import { clientName } from "../../core/text/clientName.ts";
import { namedStatement, statement, type Tx } from "../../db/port.ts";
import type { MeetingServices } from "../services.ts";
import type { ConnectionQuality, SessionName } from "./peer.ts";
import { requireActiveMeeting } from "./peerMeeting.ts";
import { type ConnectionStats, checkStats, qualityOf, recommendationsFor } from "./quality.ts";
import { checkDetails } from "./sessionRules.ts";
import { failSession } from "./sessionStore.ts";
import { noSession } from "./sessions.ts";

/** Reports of a session that are kept. */
const keptReports = 20;

type Report = SessionName & ConnectionStats & { id: string; quality: ConnectionQuality };

const noteQuality = namedStatement<{ id: string }, Report>(
  "peers.noteQuality",
  `UPDATE webrtc_sessions SET quality = :quality, metrics_at = app_now(), heard_at = app_now()
   WHERE meeting_id = :meetingId AND session_id = :sessionId AND user_id = :userId AND state <> 'closed'
   RETURNING id`,
);

const insertReport = namedStatement<Record<never, never>, Report>(
  "peers.insertMetrics",
  `INSERT INTO connection_metrics (id, meeting_id, session_id, quality, bitrate, packet_loss, latency, jitter)
   VALUES (:id, :meetingId, :sessionId, :quality, :bitrate, :packetLoss, :latency, :jitter)`,
);

const removeOlder = statement(
  "peers.removeOlderMetrics",
  `DELETE FROM connection_metrics WHERE id IN (
     SELECT id FROM connection_metrics WHERE meeting_id = $1 AND session_id = $2
     ORDER BY at DESC, id DESC OFFSET ${keptReports})`,
);

export type FailureType = "ice_failed" | "connection_timeout" | "media_failed" | "signaling_failed";

interface Failure {
  type: FailureType;
  details: string | undefined;
}

/**
 * Notes that the caller's session failed, and tells what to do. A room on a server is connected to again by itself, and
 * leaves nothing to be noted: no other way would be in its recording.
 * @throws AppError MEETING_NOT_ACTIVE; VALIDATION_ERROR; NOT_FOUND (no open session of the caller's by that name)
 */
export async function reportFailure(
  { db }: Pick<MeetingServices, "db">,
  name: SessionName,
  { type, details: given }: Failure,
) {
  orThrow(clientName("sessionId", name.sessionId));
  const details = orThrow(checkDetails(given));
  const tier = await db.transaction(async (tx) => {
    const meeting = await requireActiveMeeting(tx, name.meetingId);
    if (meeting.tier === "free" && !(await failSession(tx, name, { type, details })))
      throw noSession(name);
    return meeting.tier;
  });
  return { retryRecommended: tier === "paid" || type === "ice_failed", success: true };
}

/**
 * Judges what the caller measured, and keeps it with their session in a free meeting.
 * @throws AppError MEETING_NOT_ACTIVE; VALIDATION_ERROR; NOT_FOUND (no open session of the caller's by that name)
 */
export async function reportQuality(
  { db }: Pick<MeetingServices, "db">,
  name: SessionName,
  stats: ConnectionStats,
) {
  orThrow(clientName("sessionId", name.sessionId));
  const quality = qualityOf(orThrow(checkStats(stats)));
  const id = newId("connectionMetrics");
  await db.transaction(async (tx) => {
    const meeting = await requireActiveMeeting(tx, name.meetingId);
    if (meeting.tier === "free") await keep(tx, { ...name, ...stats, quality, id });
  });
  const shouldFallback = quality === "poor";
  return { quality, recommendations: recommendationsFor(stats), shouldFallback };
}

async function keep(tx: Tx, report: Report): Promise<void> {
  if (!(await tx.first(noteQuality, noteQuality.bind(report)))) throw noSession(report);
  await tx.run(insertReport, insertReport.bind(report));
  await tx.run(removeOlder, [report.meetingId, report.sessionId]);
  tx.writes(`quality:${report.meetingId}`);
}
