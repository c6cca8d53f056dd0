import type { MediaCodec, MediaSource } from "../../../core/media.ts";
import { type CaptureEvent, captureFormatVersion } from "../log/events.ts";

export interface CaptureStart {
  recordingId: string;
  roomId: string;
  maxDurationMs: number;
}

/** The first event of a capture, at `t` (epoch ms). */
export function startEvent(start: CaptureStart, t: number): CaptureEvent {
  const { recordingId, roomId, maxDurationMs } = start;
  const version = captureFormatVersion;
  return { type: "captureStart", t, version, recordingId, roomId, maxDurationMs };
}

export interface CaptureTrack {
  /** Id of a participant announced with `participant()`. */
  participant: string;
  /** Left out: a camera. */
  source?: MediaSource;
  kind: "audio" | "video";
  codec: MediaCodec;
  /** RTP clock rate, Hz. */
  clockRate: number;
  ssrc: number;
}

/** Whether a publication's sound and picture are on, by its publisher's word. */
export interface PublishedMedia {
  source: MediaSource;
  audio: boolean;
  video: boolean;
}
