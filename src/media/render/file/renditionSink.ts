import type { Size } from "../../../core/picture/geometry.ts";

/** What a sink is made for. */
export interface SinkFormat {
  /** Where to write. */
  path: string;
  /** Absent when there is sound only. */
  video?: Size;
  /** Encoder threads; 0 = the encoder decides. */
  threads: number;
}

/** Encodes and writes a rendition: H.264 and AAC in an MP4 whose index is in front. */
export interface RenditionSink {
  /** The next picture (I420 of the agreed size); its memory may be reused afterwards. */
  video(picture: Buffer): void | Promise<void>;
  /** The next sound: left then right, 32-bit float at 48 kHz, 1024 samples each except at the end. */
  audio(block: Float32Array): void | Promise<void>;
  /** Writes what is left; afterwards the file is complete, though not yet durable. */
  finish(): void | Promise<void>;
  /** Gives up; the file is useless. */
  abort(): void;
}

/** Both sinks encode alike. */
export const encoding = {
  preset: "veryfast",
  crf: 23,
  audioBitRate: 128_000,
  /** A player can seek to every second. */
  keyframeSeconds: 2,
} as const;
