import { auditKeys } from "../../audit/record.ts";
import { lockCaller } from "../../auth/limitedCalls.ts";
import { AppError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { admit } from "../../core/limits/slidingWindow.ts";
import type { RecordingConfig } from "../../core/recording.ts";
import { orThrow } from "../../core/result.ts";
import { namedStatement, statement, type Tx } from "../../db/port.ts";
import { configOf, type Recording } from "../recording.ts";
import { mayRecord, type RecordableMeeting, sameConfig, startLimit } from "../rules.ts";
import { isOpen } from "../states.ts";
import { findRecording, millis, recordingColumns } from "../store.ts";

/** Time the provider has to confirm a start before settle asks it what became of it, ms. */
export const startDeadlineMs = 15_000;

export interface StartRequest {
  meetingId: string;
  userId: string;
  config: RecordingConfig;
}

/** Facts of this node that bound an admission. */
export interface AdmissionLimits {
  provider: "embedded" | "getstream";
  /** The data folder it is recorded into. */
  siteId: string | null;
  maxDurationMs: number;
  /** Bytes an organisation may keep; absent = no limit. */
  quotaBytes?: number | undefined;
}

export type Admission =
  | { kind: "admitted"; recording: Recording; meeting: AdmittedMeeting }
  /** The same start again: its outcome is the answer. */
  | { kind: "repeated"; recording: Recording }
  /** The one open place is about to be free. */
  | { kind: "stopping"; recording: Recording };

export interface AdmittedMeeting extends RecordableMeeting {
  roomId: string | null;
  orgId: string | null;
}

/** The share lock keeps the meeting from ending between this look and our commit. */
const lockMeeting = statement<AdmittedMeeting>(
  "recordings.lockMeeting",
  `SELECT id, state, tier, recording_permitted AS "recordingPermitted", room_id AS "roomId",
     org_id AS "orgId"
   FROM meetings WHERE id = $1 FOR SHARE`,
);

const situation = statement<{ now: number; openId: string | null; recentStarts: number[] }>(
  "recordings.situation",
  `SELECT app_now() AS now,
     (SELECT id FROM recordings
      WHERE meeting_id = $1 AND state IN ('starting', 'recording', 'stopping')) AS "openId",
     ARRAY(SELECT (extract(epoch FROM requested_at) * 1000)::double precision FROM recordings
           WHERE started_by = $2 ORDER BY requested_at DESC LIMIT ${startLimit.starts}) AS "recentStarts"`,
);

const usedBytes = statement<{ used: number }>(
  "recordings.usedBytes",
  `SELECT (coalesce((SELECT sum(size_bytes) FROM recordings WHERE org_id = $1 AND deleted_at IS NULL), 0)
     + coalesce((SELECT sum(d.size_bytes) FROM renditions d JOIN recordings r ON r.id = d.recording_id
                 WHERE r.org_id = $1 AND r.deleted_at IS NULL), 0))::bigint AS used`,
);

/** Recording, audit entry and event in one statement: a start costs one round trip for all its writes. */
const insert = namedStatement<
  Recording,
  Pick<Recording, "meetingId" | "orgId" | "roomId" | "quality" | "layout" | "audioOnly"> &
    Pick<AdmissionLimits, "provider" | "siteId" | "maxDurationMs"> & {
      id: string;
      userId: string;
      now: number;
      auditId: string;
      eventId: string;
      config: string;
    }
>(
  "recordings.insert",
  `WITH r AS (
     INSERT INTO recordings (id, meeting_id, org_id, room_id, provider, quality, layout, audio_only,
       max_duration_ms, state, started_by, requested_at, deadline_at, site_id)
     VALUES (:id, :meetingId, :orgId, :roomId, :provider, :quality, :layout, :audioOnly,
       :maxDurationMs, 'starting', :userId, ${millis(":now")},
       ${millis(":now")} + interval '${startDeadlineMs} milliseconds', :siteId)
     ON CONFLICT (meeting_id) WHERE state IN ('starting', 'recording', 'stopping') DO NOTHING
     RETURNING *
   ), audited AS (
     INSERT INTO audit_logs (id, actor_user_id, meeting_id, org_id, resource_type, resource_id, action, metadata)
     SELECT :auditId, :userId, r.meeting_id, r.org_id, 'recording', r.id, 'recording.start', :config::jsonb FROM r
   ), announced AS (
     INSERT INTO meeting_events (id, meeting_id, recording_id, type, data)
     SELECT :eventId, r.meeting_id, r.id, 'recording_starting', :config::jsonb FROM r
   )
   SELECT ${recordingColumns} FROM r`,
);

/**
 * Decides about a start under the host's row lock and, when admitted, makes it durable as `starting`; else nothing changes.
 * @throws AppError NOT_FOUND (no such meeting), what `mayRecord` refuses with, CONFLICT (another recording is open, or has just ended),
 * RATE_LIMIT_EXCEEDED (3 in any 60 s), VALIDATION_ERROR `quota_exceeded`
 */
export async function admitStart(
  tx: Tx,
  request: StartRequest,
  limits: AdmissionLimits,
): Promise<Admission> {
  const { meetingId, userId } = request;
  // Said in one go, answered in this order, each seeing what was committed before it: one round trip.
  const [, meeting, facts] = await Promise.all([
    lockCaller(tx, userId),
    tx.first(lockMeeting, [meetingId]),
    tx.first(situation, [meetingId, userId]),
  ]);
  if (!meeting) throw new AppError("NOT_FOUND", "There is no such meeting", { id: meetingId });
  orThrow(mayRecord(meeting));
  if (!facts) throw new Error("the database did not describe the situation");
  if (facts.openId) return joinOpen(tx, facts.openId, request);
  orThrow(
    admit("recording_start", facts.recentStarts, startLimit.starts, startLimit.windowMs, facts.now),
  );
  await withinQuota(tx, meeting.orgId, limits.quotaBytes);
  return insertStarting(tx, meeting, request, limits, facts.now);
}

async function insertStarting(
  tx: Tx,
  meeting: AdmittedMeeting,
  request: StartRequest,
  limits: AdmissionLimits,
  now: number,
): Promise<Admission> {
  const { quality, layout, audioOnly } = request.config;
  const { id: meetingId, orgId, roomId } = meeting;
  const { provider, siteId, maxDurationMs } = limits;
  const values = insert.bind({
    id: newId("meetingRecordings"),
    ...{ meetingId, orgId, roomId: roomId ?? meetingId },
    ...{ provider, quality, layout, audioOnly, maxDurationMs, siteId },
    ...{ userId: request.userId, now },
    auditId: newId("auditLogs"),
    eventId: newId("meetingEvents"),
    config: JSON.stringify({ quality, layout, audioOnly }),
  });
  const recording = await tx.first(insert, values);
  tx.writes(`meeting:${meeting.id}`, ...auditKeys(orgId, meetingId));
  if (recording) return { kind: "admitted", recording, meeting };
  const facts = await tx.first(situation, [request.meetingId, request.userId]);
  if (facts?.openId) return joinOpen(tx, facts.openId, request);
  throw new AppError("CONFLICT", "Another recording of this meeting has just ended; try again", {
    meetingId: meeting.id,
    retryAfterMs: 100,
  });
}

async function joinOpen(tx: Tx, openId: string, request: StartRequest): Promise<Admission> {
  const open = await findRecording(tx, openId);
  if (!open) throw new Error(`open recording ${openId} has no row`);
  // It may also have left its place since it was looked up: then the place is free already.
  if (open.state === "stopping" || !isOpen(open.state))
    return { kind: "stopping", recording: open };
  if (open.startedBy === request.userId && sameConfig(configOf(open), request.config))
    return { kind: "repeated", recording: open };
  throw new AppError(
    "CONFLICT",
    "This meeting is being recorded already; stop that recording before starting another",
    { recordingId: open.id, state: open.state, startedBy: open.startedBy },
  );
}

async function withinQuota(tx: Tx, orgId: string | null, quotaBytes: number | undefined) {
  if (quotaBytes === undefined || orgId === null) return;
  const usage = await tx.first(usedBytes, [orgId]);
  if (!usage || usage.used < quotaBytes) return;
  throw new AppError(
    "VALIDATION_ERROR",
    "The organisation's space for recordings is used up; delete recordings first",
    { field: "meetingId", reason: "quota_exceeded", usedBytes: usage.used, quotaBytes },
  );
}
