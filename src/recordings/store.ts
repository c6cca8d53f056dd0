import { AppError } from "../core/errors.ts";
import type {
  RecordingGap,
  RecordingPause,
  RecordingProblem,
  RecordingTrack,
} from "../core/recording.ts";
import { namedStatement, type ReadTx, statement, type Tx } from "../db/port.ts";
import type { Recording } from "./recording.ts";
import { type RecordingState, sourcesOf } from "./states.ts";

export const recordingColumns = `
  r.id, r.meeting_id AS "meetingId", r.org_id AS "orgId", r.room_id AS "roomId", r.provider,
  r.provider_ref AS "providerRef", r.quality, r.layout, r.audio_only AS "audioOnly",
  r.max_duration_ms AS "maxDurationMs", r.state, r.started_by AS "startedBy",
  (SELECT u.display_name FROM users u WHERE u.id = r.started_by) AS "startedByName",
  r.requested_at AS "requestedAt", r.started_at AS "startedAt",
  r.stop_requested_at AS "stopRequestedAt", r.stopped_at AS "stoppedAt",
  r.pause_wanted AS "pauseWanted", r.paused_at AS "pausedAt", r.pauses,
  r.stop_reason AS "stopReason", r.error_code AS "errorCode", r.error_message AS "errorMessage",
  r.gaps, r.tracks, r.problems, r.size_bytes AS "sizeBytes",
  r.deleted_at AS "deletedAt"`;

const findById = statement<Recording>(
  "recordings.find",
  `SELECT ${recordingColumns} FROM recordings r WHERE r.id = $1`,
);

const lockById = statement<Recording>(
  "recordings.lock",
  `SELECT ${recordingColumns} FROM recordings r WHERE r.id = $1 FOR UPDATE`,
);

const findOpen = statement<Recording>(
  "recordings.findOpen",
  `SELECT ${recordingColumns} FROM recordings r
   WHERE r.meeting_id = $1 AND r.state IN ('starting', 'recording', 'stopping')`,
);

const listByMeeting = statement<Recording>(
  "recordings.listByMeeting",
  `SELECT ${recordingColumns} FROM recordings r
   WHERE r.meeting_id = $1 AND r.deleted_at IS NULL ORDER BY r.requested_at DESC, r.id DESC LIMIT $2`,
);

/** `to_timestamp` takes seconds; a null stays a null. */
export const millis = (parameter: string) => `to_timestamp(${parameter}::double precision / 1000)`;

const advance = namedStatement<
  Recording,
  Record<
    "providerRef" | "gaps" | "tracks" | "pauses" | "problems" | "stopReason" | "code" | "message",
    string | null
  > &
    Record<
      "startedAt" | "stopRequestedAt" | "stoppedAt" | "deadlineAt" | "sizeBytes",
      number | null
    > & {
      id: string;
      to: RecordingState;
      from: readonly RecordingState[];
    }
>(
  "recordings.advance",
  `UPDATE recordings r SET
     state = :to,
     started_at = coalesce(${millis(":startedAt")}, started_at),
     stop_requested_at = coalesce(${millis(":stopRequestedAt")}, stop_requested_at),
     stopped_at = coalesce(${millis(":stoppedAt")}, stopped_at),
     stop_reason = coalesce(stop_reason, :stopReason),
     deadline_at = ${millis(":deadlineAt")},
     error_code = :code, error_message = :message,
     provider_ref = coalesce(:providerRef::jsonb, provider_ref),
     gaps = coalesce(:gaps::jsonb, gaps), tracks = coalesce(:tracks::jsonb, tracks),
     size_bytes = coalesce(:sizeBytes, size_bytes), pauses = coalesce(:pauses::jsonb, pauses),
     problems = coalesce(:problems::jsonb, problems),
     lease_owner = NULL, lease_until = NULL, updated_at = app_now()
   WHERE r.id = :id AND r.state = ANY(:from) AND r.deleted_at IS NULL
   RETURNING ${recordingColumns}`,
);

const postpone = statement(
  "recordings.postpone",
  `UPDATE recordings SET deadline_at = ${millis("$2")}, lease_owner = NULL, lease_until = NULL
   WHERE id = $1 AND state = $3`,
);

const keepRef = statement(
  "recordings.keepProviderRef",
  `UPDATE recordings SET provider_ref = $2::jsonb, updated_at = app_now() WHERE id = $1`,
);

const databaseNow = statement<{ now: number }>("clock.now", `SELECT app_now() AS now`);

/** What a move may record beside the state; left out = unchanged, except the deadline, which every move sets. */
export interface Advance {
  startedAt?: number;
  stopRequestedAt?: number;
  stoppedAt?: number;
  stopReason?: string;
  /** Epoch ms at which settle looks again; absent = never. */
  deadlineAt?: number;
  error?: { code: string; message: string };
  providerRef?: Record<string, string> | undefined;
  gaps?: RecordingGap[];
  pauses?: RecordingPause[];
  tracks?: RecordingTrack[];
  problems?: RecordingProblem[];
  sizeBytes?: number;
}

export function findRecording(tx: ReadTx, id: string): Promise<Recording | undefined> {
  return tx.first(findById, [id]);
}

export function lockRecording(tx: Tx, id: string): Promise<Recording | undefined> {
  return tx.first(lockById, [id]);
}

export function findOpenRecording(tx: ReadTx, meetingId: string): Promise<Recording | undefined> {
  tx.reads(`meeting:${meetingId}`);
  return tx.first(findOpen, [meetingId]);
}

export async function listRecordings(
  tx: ReadTx,
  meetingId: string,
  limit: number,
): Promise<Recording[]> {
  const recordings = await tx.all(listByMeeting, [meetingId, limit]);
  tx.reads(`meeting:${meetingId}`, ...recordings.map(starterOf));
  return recordings;
}

/** Whose name is shown as that of who started it. */
const starterOf = ({ startedBy }: Recording) => `user:${startedBy}` as const;

/** A recording that must be there. A deleted one is there too: callers decide what that means. @throws AppError NOT_FOUND */
export async function requireRecording(tx: ReadTx, id: string): Promise<Recording> {
  const recording = await findRecording(tx, id);
  if (!recording) throw new AppError("NOT_FOUND", "There is no such recording", { id });
  tx.reads(`meeting:${recording.meetingId}`, starterOf(recording));
  return recording;
}

/** The database's clock, epoch ms: the one time all nodes share. */
export async function now(tx: ReadTx): Promise<number> {
  const row = await tx.first(databaseNow);
  if (!row) throw new Error("the database did not tell the time");
  return row.now;
}

/**
 * Moves a recording to `to` if that is legal from where it is; a deleted one keeps its state and waits for its purge.
 * @returns the recording after the move, or undefined when it has been moved past that already or deleted
 */
export async function advanceRecording(
  tx: Tx,
  id: string,
  to: RecordingState,
  change: Advance,
): Promise<Recording | undefined> {
  const json = (value: object | undefined) => (value ? JSON.stringify(value) : null);
  const values = advance.bind({
    id,
    to,
    from: sourcesOf(to),
    startedAt: change.startedAt ?? null,
    stopRequestedAt: change.stopRequestedAt ?? null,
    stoppedAt: change.stoppedAt ?? null,
    stopReason: change.stopReason ?? null,
    deadlineAt: change.deadlineAt ?? null,
    code: change.error?.code ?? null,
    message: change.error?.message ?? null,
    providerRef: json(change.providerRef),
    gaps: json(change.gaps),
    tracks: json(change.tracks),
    sizeBytes: change.sizeBytes ?? null,
    pauses: json(change.pauses),
    problems: json(change.problems),
  });
  const moved = await tx.first(advance, values);
  if (moved) tx.writes(`meeting:${moved.meetingId}`);
  return moved;
}

/** Keeps what the provider told of a recording that it has accepted. */
export async function keepProviderRef(
  tx: Tx,
  id: string,
  providerRef: Record<string, string>,
): Promise<void> {
  await tx.run(keepRef, [id, JSON.stringify(providerRef)]);
}

/** Gives the recording back to settle, to be looked at again at `deadlineAt` (epoch ms); null = never. */
export async function postponeRecording(
  tx: Tx,
  recording: Recording,
  deadlineAt: number | null,
): Promise<void> {
  await tx.run(postpone, [recording.id, deadlineAt, recording.state]);
}
