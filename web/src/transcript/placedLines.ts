import type { FunctionReturnType } from "convex/server";
import type { functions } from "../api/functions.ts";
import type { RecordingDetail } from "../words/recordings.ts";

export type Line = FunctionReturnType<
  typeof functions.realtime.subscriptions.subscribeTranscriptStream
>["transcripts"][number];

/** Words at their place in a recording, ms from the beginning as a player counts. */
export interface TimedLine {
  atMs: number;
  endMs: number;
  /** Undefined where nobody knows who said it. */
  name: string | undefined;
  text: string;
}

/** A line of a transcript at its place. */
export interface PlacedLine extends TimedLine {
  id: string;
  speakerId: string | undefined;
  isCorrected: boolean;
}

/** Sound and words may be told apart by so much, ms. */
const marginMs = 500;

type Recorded = Pick<RecordingDetail, "startedAt" | "stoppedAt" | "pauses" | "tracks">;

/**
 * What was said while the recording ran, in the order of speech; guesses are left out.
 * @param people by id: those who have a line and no track
 */
export function placedLines(
  lines: readonly Line[],
  recording: Recorded,
  people: ReadonlyMap<string, string> = new Map(),
): PlacedLine[] {
  const { startedAt, stoppedAt = Number.POSITIVE_INFINITY, pauses, tracks } = recording;
  if (startedAt === undefined) return [];
  const names = new Map(tracks.map((track) => [track.participantId, track.participantName]));
  const isPaused = (line: Line) =>
    pauses.some((pause) => line.startMs >= pause.startedAt && line.endMs <= pause.endedAt);
  return lines
    .filter(({ isInterim }) => isInterim !== true)
    .filter(({ startMs, endMs }) => endMs > startedAt && startMs < stoppedAt + marginMs)
    .filter((line) => !isPaused(line))
    .sort((a, b) => a.startMs - b.startMs || a.sequence - b.sequence)
    .map(({ _id, startMs, endMs, speakerId, text, correctedAt }) => ({
      ...{ id: _id, text, speakerId, isCorrected: correctedAt !== undefined },
      name: speakerId === undefined ? undefined : (names.get(speakerId) ?? people.get(speakerId)),
      atMs: placeOf(startMs, startedAt, pauses),
      endMs: placeOf(endMs, startedAt, pauses),
    }));
}

/** Where an epoch time is in a recording, in which pauses take no time. */
function placeOf(epochMs: number, startedAt: number, pauses: Recorded["pauses"]): number {
  const pausedMs = pauses
    .filter((pause) => pause.startedAt < epochMs)
    .reduce((sum, pause) => sum + Math.min(epochMs, pause.endedAt) - pause.startedAt, 0);
  return Math.max(0, epochMs - startedAt - pausedMs);
}

/** The line that is said at a time, or was said last. */
export function lineAt(lines: readonly PlacedLine[], atMs: number): PlacedLine | undefined {
  return lines.findLast((line) => line.atMs <= atMs);
}
