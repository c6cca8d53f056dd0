import { AppError } from "../../core/errors.ts";
import { type Database, statement, type Tx } from "../../db/port.ts";
import type { ProviderRecording } from "../../video/port.ts";
import { type Recording, refOf } from "../recording.ts";
import type { RecordingServices } from "../services.ts";
import {
  findRecording,
  lockRecording,
  millis,
  recordingColumns,
  requireRecording,
} from "../store.ts";
import { announce, type Started } from "./outcome.ts";

/** Pauses of one recording: each begins new files of everybody. */
export const mostPauses = 200;

/** Opposite wishes at the same time: whoever comes last is followed, and nobody goes on for ever. */
const maxTurns = 5;

const wish = statement<Recording>(
  "recordings.wishPause",
  `UPDATE recordings r SET pause_wanted = $2, updated_at = app_now() WHERE r.id = $1
   RETURNING ${recordingColumns}`,
);

const confirm = statement<Recording>(
  "recordings.confirmPause",
  `UPDATE recordings r SET paused_at = ${millis("$2")}, pauses = $3::jsonb, updated_at = app_now()
   WHERE r.id = $1 RETURNING ${recordingColumns}`,
);

export const isPaused = ({ pausedAt }: { pausedAt?: number | null }): boolean =>
  pausedAt !== null && pausedAt !== undefined;

/**
 * Makes the wish to pause or to go on durable; from then on settle brings the provider to it. A repeat changes nothing.
 * @returns the locked recording, whatever its state
 * @throws AppError NOT_FOUND (no such recording), CONFLICT (`too_many_pauses`)
 */
export async function wishPause(
  tx: Tx,
  id: string,
  paused: boolean,
  actorUserId: string,
): Promise<Recording> {
  const recording = (await lockRecording(tx, id)) ?? (await requireRecording(tx, id));
  if (recording.state !== "recording" || recording.deletedAt !== null) return recording;
  if (recording.pauseWanted === paused) return recording;
  if (paused && recording.pauses.length >= mostPauses)
    throw new AppError(
      "CONFLICT",
      "This recording has had too many pauses; stop it and start another",
      {
        recordingId: id,
        reason: "too_many_pauses",
        limit: mostPauses,
      },
    );
  const wished = (await tx.first(wish, [id, paused])) ?? recording;
  tx.writes(`meeting:${wished.meetingId}`);
  const type = paused ? "recording_pause_requested" : "recording_resume_requested";
  await announce(tx, wished, type, {}, actorUserId);
  return wished;
}

/** The recording as the provider sees its pauses. */
async function noted(db: Database, known: Recording, seen: Started): Promise<Recording> {
  if (agrees(known, seen)) return known;
  return db.transaction((tx) => confirmPause(tx, known.id, seen));
}

function agrees({ pausedAt, pauses }: Recording, seen: Started): boolean {
  return pausedAt === (seen.pausedAt ?? null) && pauses.length === (seen.pauses ?? []).length;
}

/** Notes what the provider says of pauses, with audit and event when it changed; nothing once the recording is ending. */
async function confirmPause(tx: Tx, id: string, seen: Started): Promise<Recording> {
  const before = (await lockRecording(tx, id)) ?? (await requireRecording(tx, id));
  if (before.state !== "recording" || agrees(before, seen)) return before;
  const { pausedAt = null, pauses = [] } = seen;
  const after = (await tx.first(confirm, [id, pausedAt, JSON.stringify(pauses)])) ?? before;
  tx.writes(`meeting:${after.meetingId}`);
  if (isPaused(before) === isPaused(after)) return after;
  const type = isPaused(after) ? "recording_paused" : "recording_resumed";
  await announce(tx, after, type, { pauses: pauses.length, pausedAt });
  return after;
}

/**
 * Brings the provider to what is wished of a running recording, beginning with what was seen of it; the wish is read
 * after that, because it is always written before the provider is asked. Answers with what the provider said last.
 */
export async function carryOutPause(
  services: Pick<RecordingServices, "db" | "video">,
  recording: Recording,
  seen: ProviderRecording,
): Promise<ProviderRecording> {
  const { db, video } = services;
  let answer = seen;
  for (let turn = 0; answer.status === "recording" && turn < maxTurns; turn++) {
    const running = answer;
    const known = await db.read((tx) => findRecording(tx, recording.id));
    const latest = known && (await noted(db, known, running));
    if (latest?.state !== "recording" || !video.capabilities.pauses) return answer;
    if (latest.pauseWanted === isPaused(running)) return answer;
    answer = latest.pauseWanted
      ? await video.pauseRecording(refOf(latest))
      : await video.resumeRecording(refOf(latest));
  }
  return answer;
}
