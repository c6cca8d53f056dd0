import type { MediaCodec, MediaSource } from "../../../core/media.ts";

/**
 * The append-only event log of one capture (`events.jsonl`), one JSON object a line. A torn last line is ignored.
 * `t` is always the recorder's clock in epoch ms. Media times inside track files are ms since that track's first packet.
 * Version 2 added `pause`, `resume` and a track's `source`, version 3 `arrival`, `piece`, `media` and `unstored`, version 4
 * `leftOut`; every older version is read.
 */
export const captureFormatVersion = 4;

export type CaptureEvent =
  | {
      type: "captureStart";
      t: number;
      version: number;
      recordingId: string;
      roomId: string;
      maxDurationMs: number;
    }
  /** A new process took over an unsealed capture; media between the last event or write before it and `t` is a gap. */
  | { type: "captureResume"; t: number }
  /** Nothing is captured from here on: the tracks ended before it, and its time is not on the timeline. */
  | { type: "pause"; t: number }
  /** The end of a pause: capturing again, in new tracks. */
  | { type: "resume"; t: number }
  | { type: "participant"; t: number; participant: string; name: string }
  /** What a person says of what they publish: whether it is on. Said of nothing: both are. */
  | {
      type: "media";
      t: number;
      participant: string;
      /** Left out: a camera. */
      source?: MediaSource;
      audio: boolean;
      video: boolean;
    }
  | {
      type: "track";
      t: number;
      track: string;
      participant: string;
      /** Left out: a camera. */
      source?: MediaSource;
      kind: "audio" | "video";
      codec: MediaCodec;
      clockRate: number;
      ssrc: number;
      /** File name inside the capture folder. */
      file: string;
    }
  /**
   * RTP timestamp of the first packet: time zero of the track file. It arrived `waitedMs` before `t`, left out for 0:
   * a frame is written when it is complete, and lost packets are waited for.
   */
  | { type: "first"; t: number; track: string; rtp: number; waitedMs?: number }
  /** The packet of media time `atMs` arrived `waitedMs` before `t`, left out for 0: the least delayed of two seconds. */
  | { type: "arrival"; t: number; track: string; atMs: number; waitedMs?: number }
  /**
   * A new piece: media time goes on at `atMs`, after it had got to `endMs`. The sender paused in between although its RTP
   * time ran on, or that jumped. What it says of time after this event, it says of the new piece. `ssrc` and `rtp` are those
   * of its first packet on the wire.
   */
  | {
      type: "piece";
      t: number;
      track: string;
      atMs: number;
      endMs: number;
      ssrc: number;
      rtp: number;
      waitedMs?: number;
    }
  /** RTCP sender report: `ntp` is the sender's clock in epoch ms at RTP timestamp `rtp`, the latter in the track's media time. */
  | { type: "senderReport"; t: number; track: string; ntp: number; rtp: number }
  /** RFC 6464 audio level, dBov (0 loudest, -127 silence); at most 4 a second a track. */
  | { type: "level"; t: number; track: string; dbov: number }
  | { type: "resolution"; t: number; track: string; atMs: number; width: number; height: number }
  | {
      type: "trackEnd";
      t: number;
      track: string;
      /** Media time of the last frame, ms. */
      endMs: number;
      reason: string;
      packets: number;
      lost: number;
      bytes: number;
      /** For how long packets came, and how much of that is in the file; ms. Left out: not counted. */
      receivedMs?: number;
      storedMs?: number;
    }
  /** Packets of a track came, for `receivedMs`, of which nothing could be stored. */
  | {
      type: "unstored";
      t: number;
      participant: string;
      /** Left out: a camera. */
      source?: MediaSource;
      kind: "audio" | "video";
      codec: MediaCodec;
      packets: number;
      lost: number;
      receivedMs: number;
    }
  /**
   * A limit kept media out of the capture, `count` more than was told before: `tracks` that a participant has had too many
   * of, pictures beyond `picture_size`, packets beyond the `bit_rate`.
   */
  | {
      type: "leftOut";
      t: number;
      participant: string;
      /** Left out: a camera. */
      source?: MediaSource;
      kind: "audio" | "video";
      reason: "tracks" | "picture_size" | "bit_rate";
      count: number;
    }
  | { type: "leave"; t: number; participant: string; reason: string }
  /**
   * Every 500 ms while capturing: proves the process was alive, so that a gap after kill -9 has a start. `upMs`: how long
   * the machine was up since its start `boot`; its clock may be set before another process goes on.
   */
  | { type: "alive"; t: number; bytes: number; boot?: string; upMs?: number }
  /** The end. `t` is the end of the timeline; `sealedAt` is set when another process sealed it later. */
  | { type: "captureStop"; t: number; reason: string; sealedAt?: number };

export type CaptureEventType = CaptureEvent["type"];
