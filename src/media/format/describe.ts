import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../core/clock.ts";
import type {
  RecordingGap,
  RecordingPause,
  RecordingProblem,
  RecordingTrack,
} from "../../core/recording.ts";
import { CaptureSealedError, unsealedCapture } from "./log/captureFolder.ts";
import { eventLine, eventLogName, truncateTornLine } from "./log/eventLog.ts";
import { loadTimeline, type Timeline, type TimelineParticipant } from "./timeline/timeline.ts";

export interface CaptureDescription {
  recordingId: string;
  roomId: string;
  /** Epoch ms. */
  startedAt: number;
  /** Epoch ms; of an unsealed capture the last sign of life. */
  stoppedAt: number;
  /** Recorded time, ms: without pauses. */
  durationMs: number;
  stopReason: string | undefined;
  sealed: boolean;
  hasMedia: boolean;
  gaps: RecordingGap[];
  pauses: RecordingPause[];
  tracks: RecordingTrack[];
  problems: RecordingProblem[];
}

/** What a capture holds, sealed or not. @throws NotACaptureError, or Error with code ENOENT, when there is none */
export async function describeCapture(dir: string): Promise<CaptureDescription> {
  const timeline = await loadTimeline(dir);
  const tracks = await Promise.all(timeline.participants.map(describeTracks));
  const { recordingId, roomId, startedAt, stoppedAt, durationMs, stopReason, sealed } = timeline;
  return {
    ...{ recordingId, roomId, startedAt, stoppedAt, durationMs, stopReason, sealed },
    ...{ hasMedia: timeline.participants.length > 0, pauses: timeline.pauses },
    problems: timeline.problems,
    ...{ gaps: roundGaps(timeline), tracks: tracks.flat() },
  };
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
    participant.tracks.map(async ({ id, kind, codec, path, endMs, clock }) => ({
      trackId: id,
      participantId: participant.userId,
      participantName: participant.name,
      source: participant.source,
      kind,
      codec,
      startMs: Math.round(clock.at(0)),
      endMs: Math.round(endMs),
      sizeBytes: await stat(path).then(
        (found) => found.size,
        () => 0,
      ),
    })),
  );
}

/** Epoch ms; undefined of a sealed capture. Reads the log once, whatever it holds. */
async function lastSignOfLife(dir: string): Promise<number | undefined> {
  try {
    return (await unsealedCapture(dir)).lastT;
  } catch (error) {
    if (error instanceof CaptureSealedError) return undefined;
    throw error;
  }
}

/**
 * Seals the capture of a dead process at its last sign of life, durably; a sealed one stays as it is.
 * Must not be called while a CaptureWriter has it open.
 */
export async function sealCapture(dir: string, reason: string, clock: Clock): Promise<void> {
  const stoppedAt = await lastSignOfLife(dir);
  if (stoppedAt === undefined) return;
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
