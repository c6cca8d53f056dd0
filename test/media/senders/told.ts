import type { CaptureDescription } from "../../../src/media/format/describe.ts";

/** A stretch of which the recording itself says that something is missing; ms of recorded time. */
export interface Told {
  /** User id. */
  participant: string;
  kind: "audio" | "video";
  fromMs: number;
  toMs: number;
}

/** What a recording tells of media that was received and is not in it. A capture does not say so yet: nothing. */
export function toldOf(_description: CaptureDescription): Told[] {
  return [];
}
