import type { LoopSpec, MediaLoop } from "../../../src/synth/media/mediaLoop.ts";

/** One stretch of one participant's media; times are ms since the capture's start, on the server's clock. */
export interface Publication {
  participant: string;
  /** Left out: a camera. */
  source?: "camera" | "screen";
  name?: string;
  /** Colour, pitch and content. */
  media: MediaLoop;
  fromMs: number;
  toMs: number;
  /** Left out: both are sent. */
  only?: "audio" | "video";
  /** The sender's clock minus ours, ms. */
  clockOffsetMs?: number;
  /** How much faster than ours the sender's clocks run, parts per million. */
  driftPpm?: number;
  /** From the camera or microphone to us, ms; the least of both belongs to the clock's estimate. */
  audioDelayMs?: number;
  videoDelayMs?: number;
  /** No sender reports: only arrival tells the time. */
  withoutReports?: boolean;
  /** Stretches in which nothing of a kind is sent. */
  silences?: { kind: "audio" | "video"; fromMs: number; toMs: number }[];
  /** Stretches in which the camera is off, as its owner's page tells. */
  off?: { fromMs: number; toMs: number }[];
  /** From then on the video is another one, in the same track. */
  switches?: { atMs: number; media: MediaLoop }[];
  /** The level reported with every sound, instead of that of the beeps. */
  steadyLevelDbov?: number;
  /** How the tracks end; `abrupt` leaves them to the seal. */
  ending?: "leave" | "abrupt";
}

export interface CaptureScript {
  durationMs: number;
  publications: Publication[];
  /** The writer dies at `atMs` without a word and another goes on at `backMs`. */
  outage?: { atMs: number; backMs: number };
  /** Ascending stretches in which the capture is paused. */
  pauses?: { fromMs: number; toMs: number }[];
  /** Left out: sealed. */
  unsealed?: boolean;
}

export type { LoopSpec };
