import type { CaptureDescription } from "../../../../src/media/format/describe.ts";

/** A stretch of which the recording itself says that something is missing; ms of recorded time. */
export interface Told {
  /** User id. */
  participant: string;
  kind: "audio" | "video";
  fromMs: number;
  toMs: number;
}

/** What a recording tells of media that was received and is not in it; it says how much, not where. */
export function toldOf({ problems, durationMs }: CaptureDescription): Told[] {
  return problems.map(({ participantId, kind }) => {
    return { participant: participantId, kind, fromMs: 0, toMs: durationMs };
  });
}
