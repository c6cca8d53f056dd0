import { newId } from "../../core/ids.ts";
import type { RecordingConfig, RecordingLayout, RecordingQuality } from "../../core/recording.ts";
import { type ReadTx, statement, type Tx } from "../../db/port.ts";
import type { ProbeFinding } from "../../media/compose/protocol.ts";
import type { Recording } from "../recording.ts";
import { isWithinReach } from "../sites.ts";

export type RenditionState = "queued" | "composing" | "ready" | "failed";

/** One file composed from a recording's capture. Times are epoch ms. */
export interface Rendition {
  id: string;
  meetingId: string;
  recordingId: string;
  quality: RecordingQuality;
  layout: RecordingLayout;
  audioOnly: boolean;
  state: RenditionState;
  /** 0..1 */
  progress: number;
  etaMs: number | null;
  attempts: number;
  errorMessage: string | null;
  storageKey: string | null;
  sizeBytes: number | null;
  sha256: string | null;
  probe: ProbeFinding | null;
  readyAt: number | null;
}

const columns = `
  d.id, d.meeting_id AS "meetingId", d.recording_id AS "recordingId", d.quality, d.layout,
  d.audio_only AS "audioOnly", d.state, d.progress, d.eta_ms AS "etaMs", d.attempts,
  d.error_message AS "errorMessage", d.storage_key AS "storageKey", d.size_bytes AS "sizeBytes",
  d.sha256, d.probe, d.ready_at AS "readyAt"`;

const insert = statement(
  "renditions.insert",
  `INSERT INTO renditions (id, meeting_id, recording_id, quality, layout, audio_only, requested_by)
   VALUES ($1, $2, $3, $4, $5, $6, $7)
   ON CONFLICT (meeting_id, recording_id, layout, quality, audio_only) DO NOTHING`,
);

const findByConfig = statement<Rendition>(
  "renditions.findByConfig",
  `SELECT ${columns} FROM renditions d
   WHERE d.recording_id = $1 AND d.quality = $2 AND d.layout = $3 AND d.audio_only = $4`,
);

const findById = statement<Rendition>(
  "renditions.find",
  `SELECT ${columns} FROM renditions d WHERE d.id = $1`,
);

const listByRecording = statement<Rendition>(
  "renditions.list",
  `SELECT ${columns} FROM renditions d WHERE d.recording_id = $1 ORDER BY d.id`,
);

const claim = statement<Rendition>(
  "renditions.claim",
  `UPDATE renditions d SET state = 'composing', attempts = attempts + 1, progress = 0, eta_ms = NULL,
     lease_owner = $1, lease_until = app_now() + $2 * interval '1 millisecond'
   WHERE d.id = (
     SELECT due.id FROM renditions due JOIN recordings r ON r.id = due.recording_id
     WHERE due.state IN ('queued', 'composing') AND due.run_at <= app_now()
       AND (due.lease_until IS NULL OR due.lease_until < app_now()) AND ${isWithinReach("$3", "$4")}
     ORDER BY due.run_at LIMIT 1 FOR UPDATE OF due SKIP LOCKED)
   RETURNING ${columns}`,
);

const renew = statement(
  "renditions.renew",
  `UPDATE renditions SET progress = $3, eta_ms = $4,
     lease_until = app_now() + $5 * interval '1 millisecond'
   WHERE id = $1 AND lease_owner = $2`,
);

const finish = statement<Rendition>(
  "renditions.finish",
  `UPDATE renditions d SET state = 'ready', progress = 1, eta_ms = NULL, lease_owner = NULL,
     lease_until = NULL, error_message = NULL, storage_key = $3, size_bytes = $4, sha256 = $5,
     probe = $6::jsonb, ready_at = app_now()
   WHERE d.id = $1 AND d.lease_owner = $2 RETURNING ${columns}`,
);

const fail = statement<Rendition>(
  "renditions.fail",
  `UPDATE renditions d SET lease_owner = NULL, lease_until = NULL, error_message = $3, eta_ms = NULL,
     state = CASE WHEN $4 THEN 'queued' ELSE 'failed' END,
     run_at = app_now() + $5 * interval '1 millisecond'
   WHERE d.id = $1 AND d.lease_owner = $2 RETURNING ${columns}`,
);

const release = statement(
  "renditions.release",
  `UPDATE renditions SET state = 'queued', attempts = greatest(attempts - 1, 0), lease_owner = NULL,
     lease_until = NULL, run_at = app_now() + $3 * interval '1 millisecond'
   WHERE id = $1 AND lease_owner = $2`,
);

const requeue = statement(
  "renditions.requeue",
  `UPDATE renditions SET state = 'queued', attempts = 0, error_message = NULL, run_at = app_now()
   WHERE id = $1 AND state = 'failed'`,
);

const removeAll = statement(
  "renditions.removeAll",
  `DELETE FROM renditions WHERE recording_id = $1`,
);

const removeUnfinished = statement(
  "renditions.removeUnfinished",
  `DELETE FROM renditions WHERE recording_id = $1 AND state <> 'ready'`,
);

/** The rendition of that look: the one there is, or a new one in the queue. A failed one is queued again. */
export async function ensureRendition(
  tx: Tx,
  recording: Recording,
  config: RecordingConfig,
  requestedBy: string,
): Promise<Rendition> {
  const { quality, layout, audioOnly } = normalised(config);
  const look = [quality, layout, audioOnly] as const;
  const { id, meetingId } = recording;
  await tx.run(insert, [newId("renditions"), meetingId, id, ...look, requestedBy]);
  tx.writes(`meeting:${meetingId}`);
  const rendition = await tx.first(findByConfig, [id, ...look]);
  if (!rendition) throw new Error(`rendition of ${id} vanished`);
  if (rendition.state !== "failed") return rendition;
  await tx.run(requeue, [rendition.id]);
  return { ...rendition, state: "queued" };
}

/** Sound has neither layout nor quality: all audio-only renditions of a recording are one. */
function normalised(config: RecordingConfig): RecordingConfig {
  return config.audioOnly ? { quality: "720p", layout: "grid", audioOnly: true } : config;
}

export function findRenditionByConfig(
  tx: ReadTx,
  recordingId: string,
  config: RecordingConfig,
): Promise<Rendition | undefined> {
  const { quality, layout, audioOnly } = normalised(config);
  return tx.first(findByConfig, [recordingId, quality, layout, audioOnly]);
}

export function findRendition(tx: ReadTx, id: string): Promise<Rendition | undefined> {
  return tx.first(findById, [id]);
}

export function listRenditions(tx: ReadTx, recordingId: string): Promise<Rendition[]> {
  return tx.all(listByRecording, [recordingId]);
}

/** Takes the next rendition to compose of what this site holds or `fetches`, also one whose worker has died; undefined = nothing to do. */
export async function claimRendition(
  tx: Tx,
  nodeId: string,
  leaseMs: number,
  siteId: string | null,
  fetches = false,
): Promise<Rendition | undefined> {
  const claimed = await tx.first(claim, [nodeId, leaseMs, siteId, fetches]);
  if (claimed) tx.writes(`meeting:${claimed.meetingId}`);
  return claimed;
}

/** @returns false when the rendition is no longer ours: composing it must stop */
export async function renewRendition(
  tx: Tx,
  rendition: Rendition,
  nodeId: string,
  progress: { done: number; etaMs: number | null },
  leaseMs: number,
): Promise<boolean> {
  const eta = progress.etaMs === null ? null : Math.round(progress.etaMs);
  const rows = await tx.run(renew, [rendition.id, nodeId, progress.done, eta, leaseMs]);
  tx.writes(`meeting:${rendition.meetingId}`);
  return rows === 1;
}

export interface FinishedFile {
  storageKey: string;
  sizeBytes: number;
  sha256: string;
  probe: ProbeFinding;
}

/** @returns undefined when the rendition is no longer ours */
export function finishRendition(
  tx: Tx,
  rendition: Rendition,
  nodeId: string,
  file: FinishedFile,
): Promise<Rendition | undefined> {
  const { storageKey, sizeBytes, sha256, probe } = file;
  tx.writes(`meeting:${rendition.meetingId}`);
  return tx.first(finish, [
    rendition.id,
    nodeId,
    storageKey,
    sizeBytes,
    sha256,
    JSON.stringify(probe),
  ]);
}

/** Back into the queue after `retryInMs`, or `failed` for good when that is undefined. */
export function failRendition(
  tx: Tx,
  rendition: Rendition,
  nodeId: string,
  message: string,
  retryInMs: number | undefined,
): Promise<Rendition | undefined> {
  tx.writes(`meeting:${rendition.meetingId}`);
  const retry = retryInMs !== undefined;
  return tx.first(fail, [rendition.id, nodeId, message, retry, retryInMs ?? 0]);
}

/** Gives a rendition back unfinished without counting the attempt, to be taken again after `retryInMs` at the earliest. */
export async function releaseRendition(
  tx: Tx,
  rendition: Rendition,
  nodeId: string,
  retryInMs = 0,
): Promise<void> {
  tx.writes(`meeting:${rendition.meetingId}`);
  await tx.run(release, [rendition.id, nodeId, retryInMs]);
}

export async function removeRenditions(tx: Tx, recordingId: string): Promise<void> {
  await tx.run(removeAll, [recordingId]);
}

/** Takes renditions out of the queue and out of the hands of those who compose them. */
export async function removeUnfinishedRenditions(tx: Tx, recordingId: string): Promise<void> {
  await tx.run(removeUnfinished, [recordingId]);
}
