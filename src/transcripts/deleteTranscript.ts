import { recordAudit } from "../audit/record.ts";
import type { Participant } from "../auth/identity.ts";
import { AppError } from "../core/errors.ts";
import { orThrow } from "../core/result.ts";
import { statement, type Tx } from "../db/port.ts";
import { lockMeeting, now } from "../meetings/store.ts";
import { gone } from "../recordings/recording.ts";
import { lockRecording } from "../recordings/store.ts";
import { eraseLines } from "./erasures.ts";
import { endHearings } from "./hearing.ts";
import { mayActFor } from "./rules.ts";

/** What is heard at the edges of a recording may be placed that far outside, ms. */
const edgeMs = 1_000;

const isKnown = statement<{ known: boolean }>(
  "transcripts.isSpeakerKnown",
  `SELECT EXISTS (SELECT 1 FROM meeting_participants WHERE meeting_id = $1 AND user_id = $2)
     OR EXISTS (SELECT 1 FROM transcripts WHERE meeting_id = $1 AND (speaker_id = $2 OR author_id = $2)) AS known`,
);

/**
 * Deletes what was said in a meeting until now, or in one recording of it, for good: it is not written again. Nobody listens any more
 * to what has ended; what still runs is written down from now on. A repeat changes nothing.
 * @returns how many lines went
 * @throws AppError NOT_FOUND (no such recording of the meeting, or deleted)
 */
export async function deleteTranscript(
  tx: Tx,
  { meetingId, userId: actorUserId }: Pick<Participant, "meetingId" | "userId">,
  recordingId?: string,
): Promise<{ deleted: number }> {
  const bounds = recordingId === undefined ? undefined : await timeOf(tx, meetingId, recordingId);
  await lockMeeting(tx, meetingId);
  const untilMs = bounds?.untilMs ?? Math.floor(await now(tx));
  const deleted = await eraseTranscript(tx, meetingId, {
    ...{ actorUserId, recordingId, fromMs: bounds?.fromMs, untilMs },
  });
  return { deleted };
}

interface WhatToErase {
  /** Nobody: it was kept long enough. */
  actorUserId?: string | undefined;
  recordingId?: string | undefined;
  fromMs?: number | undefined;
  untilMs: number;
  /** For the audit log. */
  why?: Record<string, unknown>;
}

/** Deletes what was said in a meeting that is locked, and listens no more to what has ended. @returns how many lines went */
export async function eraseTranscript(
  tx: Tx,
  meetingId: string,
  { actorUserId, recordingId, fromMs = 0, untilMs, why = {} }: WhatToErase,
): Promise<number> {
  const deleted = await eraseLines(tx, meetingId, {
    ...{ recordingId: recordingId ?? null, speakerId: null, fromMs, untilMs },
  });
  const ended = await endHearings(tx, meetingId, recordingId);
  if (deleted > 0 || ended > 0)
    await recordAudit(tx, {
      ...{ actorUserId, meetingId, resourceType: "meeting", resourceId: meetingId },
      action: "transcript.delete",
      metadata: { lines: deleted, ...(recordingId === undefined ? {} : { recordingId }), ...why },
    });
  return deleted;
}

/** Locked: it cannot end meanwhile. */
async function timeOf(tx: Tx, meetingId: string, recordingId: string) {
  const recording = await lockRecording(tx, recordingId);
  if (recording?.meetingId !== meetingId)
    throw new AppError("NOT_FOUND", "There is no such recording of this meeting", {
      id: recordingId.slice(0, 64),
    });
  if (recording.deletedAt !== null) throw gone(recording);
  const { requestedAt, startedAt, stoppedAt } = recording;
  return {
    fromMs: Math.floor((startedAt ?? requestedAt) - edgeMs),
    ...(stoppedAt === null ? {} : { untilMs: Math.ceil(stoppedAt + edgeMs) }),
  };
}

/**
 * Deletes what one person has said in a meeting until now, for good: it is not written again. A repeat changes nothing.
 * @returns how many lines went
 * @throws AppError FORBIDDEN (another's, unless for a host), NOT_FOUND (nobody of this meeting)
 */
export async function deleteSpeakerLines(
  tx: Tx,
  actor: Participant,
  speakerId: string = actor.userId,
): Promise<{ deleted: number }> {
  const { meetingId, userId: actorUserId } = actor;
  orThrow(mayActFor(actor, speakerId));
  await lockMeeting(tx, meetingId);
  if (!(await tx.first(isKnown, [meetingId, speakerId]))?.known)
    throw new AppError("NOT_FOUND", "There is no such person in this meeting", {
      id: speakerId.slice(0, 64),
    });
  const untilMs = Math.floor(await now(tx));
  const erasure = { recordingId: null, speakerId, fromMs: 0, untilMs };
  const deleted = await eraseLines(tx, meetingId, erasure);
  if (deleted > 0)
    await recordAudit(tx, {
      ...{ actorUserId, meetingId, resourceType: "meeting", resourceId: meetingId },
      action: "transcript.delete",
      metadata: { lines: deleted, speakerId },
    });
  return { deleted };
}
