import type { Plan } from "../auth/identity.ts";
import { AppError } from "../core/errors.ts";
import { type ReadTx, statement } from "../db/port.ts";
import { mixedTrack } from "../media/transcribe/protocol.ts";
import { requireMeeting } from "../meetings/store.ts";
import { isFinal, isOpen, type RecordingState } from "../recordings/states.ts";
import { type Break, breaksIn } from "./breaks.ts";
import { canHear, type Listening, listens } from "./listens.ts";

/**
 * What becomes of what is said. `off`: a host does not want it written down; `unavailable`: nobody here could; `none`: nobody has
 * listened, and a host may ask for it; `incomplete`: all was heard but some tracks, which could not be.
 */
export type TranscriptState =
  | "off"
  | "unavailable"
  | "none"
  | "running"
  | "complete"
  | "incomplete"
  | "failed"
  | "deleted";

/** Why nobody can write it down: on this server, on that plan, or of a file with all voices in one before it is finished. */
export type UnavailableReason = "transcription_unavailable" | "paid_tier_required" | "mixed_sound";

export interface RecordingStatus {
  recordingId: string;
  state: TranscriptState;
  /** Of `unavailable`. */
  reason?: UnavailableReason;
  /** All voices are in one file: its lines have no speaker. */
  mixedSound?: true;
  /** How much of the sound of a stopped recording was listened to, 0..1. */
  progress?: number;
  /** Stretches of speech that could not be understood, in another language or in noise. */
  notUnderstood: number;
  /** How long they are together. */
  notUnderstoodMs: number;
  /** Why it failed, or which tracks could not be heard. */
  error?: string;
}

interface Row {
  recordingId: string;
  recordingState: RecordingState;
  provider: "embedded" | "getstream";
  startedAt: number | null;
  stoppedAt: number | null;
  hearing: "listening" | "finished" | "failed" | "deleted" | null;
  notUnderstood: number;
  notUnderstoodMs: number;
  error: string | null;
  progress: number | null;
}

/** Recordings of a meeting that are told of: the newest. */
const mostRecordings = 100;

const recordingsOf = statement<Row>(
  "transcripts.recordingsOf",
  `SELECT r.id AS "recordingId", r.state AS "recordingState", r.provider,
     r.started_at AS "startedAt", r.stopped_at AS "stoppedAt", t.state AS hearing, t.error,
     coalesce(t.not_understood, 0) AS "notUnderstood", coalesce(t.not_understood_ms, 0)::float8 AS "notUnderstoodMs",
     CASE WHEN r.provider <> 'embedded' THEN (
       SELECT least(1, coalesce((t.heard ->> '${mixedTrack}')::float8, 0) / nullif((d.probe ->> 'durationMs')::float8, 0))
       FROM renditions d WHERE d.recording_id = r.id AND d.state = 'ready' ORDER BY d.ready_at LIMIT 1)
     ELSE (SELECT sum(least(coalesce((t.heard ->> track.id)::float8, 0), track.ms)) / nullif(sum(track.ms), 0)
      FROM jsonb_array_elements(r.tracks) AS e(track) CROSS JOIN LATERAL (
        SELECT e.track ->> 'trackId' AS id, (e.track ->> 'endMs')::float8 - (e.track ->> 'startMs')::float8 AS ms) track
      WHERE e.track ->> 'kind' = 'audio') END AS progress
   FROM recordings r LEFT JOIN recording_transcripts t ON t.recording_id = r.id
   WHERE r.meeting_id = $1 AND r.deleted_at IS NULL AND ($2::text IS NULL OR r.id = $2)
   ORDER BY r.requested_at DESC, r.id DESC LIMIT ${mostRecordings}`,
);

/** What of a meeting decides for all its recordings. */
interface Circumstances {
  hears(provider: Row["provider"]): boolean;
  /** Where there is no recording yet. */
  listens: boolean;
  tier: Plan;
  enabled: boolean;
  breaks: readonly Break[];
}

/**
 * What becomes of what is said in a meeting, and in each of its recordings, newest first; or in one of them.
 * @throws AppError NOT_FOUND (no such recording of the meeting, or deleted)
 */
export async function transcriptStatus(
  tx: ReadTx,
  services: Listening,
  { meetingId, recordingId }: { meetingId: string; recordingId?: string | undefined },
) {
  tx.reads(`hearing:${meetingId}`);
  const meeting = await requireMeeting(tx, meetingId);
  const rows = await tx.all(recordingsOf, [meetingId, recordingId ?? null]);
  if (recordingId !== undefined && rows.length === 0)
    throw new AppError("NOT_FOUND", "There is no such recording of this meeting", {
      id: recordingId.slice(0, 64),
    });
  const { tier, transcriptionEnabled: enabled, state } = meeting;
  const breaks = await breaksIn(tx, meetingId);
  const around = {
    ...{ tier, enabled, breaks, listens: listens(services) },
    hears: (provider: Row["provider"]) => canHear(services, provider),
  };
  const recordings = rows.map((row) => statusOf(row, around));
  const isOver = state === "concluded" || state === "cancelled";
  const states = recordings.map((recording) => recording.state);
  return {
    enabled,
    state: recordingId === undefined && !isOver && !enabled ? "off" : summary(states, around),
    recordings,
  };
}

/** What is to be told first of several recordings. */
const mostTelling = [
  ...(["running", "failed", "incomplete", "complete", "none"] as const),
  ...(["off", "deleted", "unavailable"] as const),
];

function summary(states: readonly TranscriptState[], around: Circumstances): TranscriptState {
  const found = mostTelling.find((state) => states.includes(state));
  if (found !== undefined) return found;
  if (!around.enabled) return "off";
  return around.listens && around.tier === "paid" ? "none" : "unavailable";
}

function statusOf(row: Row, around: Circumstances): RecordingStatus {
  const { recordingId, error, notUnderstood, notUnderstoodMs } = row;
  const state = stateOf(row, around);
  const reason = state === "unavailable" ? reasonOf(row, around) : undefined;
  const progress = state === "complete" ? 1 : row.progress;
  const isHeard = row.hearing !== null && row.hearing !== "deleted";
  return {
    ...{ recordingId, state, notUnderstood, notUnderstoodMs },
    ...(isHeard && progress !== null ? { progress } : {}),
    ...(error === null ? {} : { error }),
    ...(row.provider === "embedded" ? {} : { mixedSound: true as const }),
    ...(reason === undefined ? {} : { reason }),
  };
}

function stateOf(row: Row, around: Circumstances): TranscriptState {
  const { hearing, error, recordingState } = row;
  const isRunning = isOpen(recordingState);
  if (isRunning && !around.enabled) return "off";
  if (hearing === "finished") return error === null ? "complete" : "incomplete";
  if (hearing === "failed" || hearing === "deleted") return hearing;
  if (reasonOf(row, around) !== undefined) return "unavailable";
  if (hearing === "listening" || isRunning) return "running";
  return wasOff(row, around.breaks) ? "off" : "none";
}

function reasonOf(
  { provider, recordingState }: Row,
  { hears, tier }: Circumstances,
): UnavailableReason | undefined {
  if (!hears(provider)) return "transcription_unavailable";
  if (tier !== "paid") return "paid_tier_required";
  const isThere = provider === "embedded" || isFinal(recordingState);
  return isThere ? undefined : "mixed_sound";
}

/** Whether transcription was turned off before a stopped recording began, and until after its end. */
export function wasOff(
  { startedAt, stoppedAt }: { startedAt: number | null; stoppedAt: number | null },
  breaks: readonly Break[],
): boolean {
  if (startedAt === null || stoppedAt === null) return false;
  return breaks.some(({ fromMs, toMs }) => fromMs <= startedAt && (toMs ?? stoppedAt) >= stoppedAt);
}
