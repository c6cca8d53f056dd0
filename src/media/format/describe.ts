import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../core/clock.ts";
import type { RecordingGap, RecordingTrack } from "../../core/recording.ts";
import { eventLine, eventLogName, truncateTornLine } from "./eventLog.ts";
import { loadTimeline, type Timeline, type TimelineParticipant } from "./timeline.ts";

export interface CaptureDescription {
  recordingId: string;
  roomId: string;
  /** Epoch ms. */
  startedAt: number;
  /** Epoch ms; of an unsealed capture the last sign of life. */
  stoppedAt: number;
  stopReason: string | undefined;
  sealed: boolean;
  hasMedia: boolean;
  gaps: RecordingGap[];
  tracks: RecordingTrack[];
}

/** What a capture holds, sealed or not. Throws NotACaptureError or ENOENT when there is none. */
export async function describeCapture(dir: string): Promise<CaptureDescription> {
  const timeline = await loadTimeline(dir);
  const tracks = await Promise.all(timeline.participants.map(describeTracks));
  const { recordingId, roomId, startedAt, stoppedAt, stopReason, sealed } = timeline;
  const hasMedia = timeline.participants.length > 0;
  const described = { recordingId, roomId, startedAt, stoppedAt, stopReason, sealed, hasMedia };
  return { ...described, gaps: roundGaps(timeline), tracks: tracks.flat() };
}

function roundGaps({ gaps }: Timeline): RecordingGap[] {
  return gaps.map(({ startMs, endMs, reason }) => ({
    startMs: Math.round(startMs),
    endMs: Math.round(endMs),
    reason,
  }));
}

function describeTracks(participant: TimelineParticipant): Promise<RecordingTrack[]> {
  return Promise.all(
    participant.tracks.map(async ({ id, kind, codec, path, startMs, endMs }) => ({
      trackId: id,
      participantId: participant.id,
      participantName: participant.name,
      kind,
      codec,
      startMs: Math.round(startMs),
      endMs: Math.round(endMs),
      sizeBytes: await stat(path).then(
        (found) => found.size,
        () => 0,
      ),
    })),
  );
}

/**
 * Seals the capture of a dead process at its last sign of life, durably; a sealed one stays as it is.
 * Must not be called while a CaptureWriter has it open.
 */
export async function sealCapture(dir: string, reason: string, clock: Clock): Promise<void> {
  const { sealed, stoppedAt } = await loadTimeline(dir);
  if (sealed) return;
  await truncateTornLine(dir);
  const handle = await open(join(dir, eventLogName), "a");
  try {
    const event = { type: "captureStop", t: stoppedAt, reason, sealedAt: clock.now() } as const;
    await handle.appendFile(eventLine(event));
    await handle.sync();
  } finally {
    await handle.close();
  }
}
