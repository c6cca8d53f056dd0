import type { MediaCodec } from "../../../core/media.ts";
import type { CaptureEvent } from "../log/events.ts";
import { ClusterLayout, containerHeader } from "../track/trackContainer.ts";
import { markRecord, SoundGaps } from "../track/trackIndex.ts";
import type { AppendFile } from "./appendFile.ts";

/** One encoded frame as it left the depacketiser. H.264 data is NAL units with 4-byte lengths, not Annex B. */
export interface TrackFrame {
  data: Buffer;
  /** Media time since the track's first packet, ms. */
  ms: number;
  key: boolean;
  /** Picture size in px, known at keyframes. */
  width?: number;
  height?: number;
  /** avcC record, H.264 keyframes only. */
  codecPrivate?: Buffer;
}

export interface TrackStats {
  packets: number;
  lost: number;
  /** For how long packets came, and how much of that was handed over as frames; ms. */
  receivedMs?: number;
  storedMs?: number;
}

/** Where a new piece of a track begins; media times in ms. */
export interface TrackPieceStart {
  atMs: number;
  /** Of the last frame before it. */
  endMs: number;
  /** Of its first packet, as they were on the wire. */
  ssrc: number;
  rtp: number;
}

/** What a track writer tells its capture, which stamps the time. */
export interface TrackOwner {
  emit(event: TrackEvent): void;
  ended(): void;
}

type Unstamped<T extends CaptureEvent["type"]> = Omit<Extract<CaptureEvent, { type: T }>, "t">;
type TrackEvent =
  | Unstamped<"first">
  | Unstamped<"arrival">
  | Unstamped<"piece">
  | Unstamped<"resolution">
  | Unstamped<"trackEnd">;

/** The files of one track, both new and only growing. */
export interface TrackFiles {
  media: AppendFile;
  /** Where what is in it, see `trackIndex.ts`. */
  index: AppendFile;
}

/** Writes one track's frames, unchanged, into its own append-only WebM or Matroska file. */
export class TrackWriter {
  readonly id: string;
  #codec: MediaCodec;
  #file: AppendFile;
  #index: AppendFile;
  #owner: TrackOwner;
  #layout = new ClusterLayout();
  #gaps = new SoundGaps();
  #size = "";
  #lastMs = 0;
  #started = false;
  #ended = false;

  constructor(id: string, codec: MediaCodec, files: TrackFiles, owner: TrackOwner) {
    this.id = id;
    this.#codec = codec;
    this.#file = files.media;
    this.#index = files.index;
    this.#owner = owner;
  }

  /** RTP timestamp of the first packet, which arrived `waitedMs` ago: media time zero. */
  first(rtp: number, waitedMs = 0): void {
    if (this.#ended) return;
    this.#owner.emit({ type: "first", track: this.id, rtp, ...waited(waitedMs) });
  }

  /** The packet of media time `atMs` arrived `waitedMs` ago, the least delayed of late. */
  arrival(atMs: number, waitedMs: number): void {
    if (this.#ended) return;
    const place = { track: this.id, atMs: tenth(atMs) };
    this.#owner.emit({ type: "arrival", ...place, ...waited(waitedMs) });
  }

  /** Media time goes on at `atMs` after it had got to `endMs`; the first packet from there arrived `waitedMs` ago. */
  piece({ atMs, endMs, ...source }: TrackPieceStart, waitedMs: number): void {
    if (this.#ended) return;
    const place = { track: this.id, atMs: tenth(atMs), endMs: tenth(endMs), ...source };
    this.#owner.emit({ type: "piece", ...place, ...waited(waitedMs) });
  }

  /** Appends a frame. Video before the first keyframe of known size is dropped: nothing could decode it. */
  frame(frame: TrackFrame): void {
    if (this.#ended || frame.data.length === 0) return;
    const ms = Math.max(0, Math.round(frame.ms));
    const first = !this.#started;
    if (first && !this.#begin(frame)) return;
    this.#noteSize(frame, ms);
    this.#mark(frame, ms);
    this.#file.append(...this.#layout.block(frame.data, ms, frame.key));
    // The beginning is what people miss first, so it does not wait for the next round.
    if (first) void this.#file.flush();
    this.#lastMs = Math.max(this.#lastMs, ms);
  }

  /** Ends the track; later calls do nothing. `stats` are RTP packets received and lost for good. */
  end(reason: string, stats: TrackStats = { packets: 0, lost: 0 }): void {
    if (this.#ended) return;
    this.#ended = true;
    const bytes = this.#file.bytes;
    this.#owner.emit({
      type: "trackEnd",
      track: this.id,
      endMs: this.#lastMs,
      reason,
      bytes,
      ...stats,
    });
    this.#owner.ended();
  }

  #begin(frame: TrackFrame): boolean {
    if (this.#codec !== "opus" && !hasHeaderFields(this.#codec, frame)) return false;
    const { width = 0, height = 0, codecPrivate } = frame;
    const format = { codec: this.#codec, width, height };
    this.#file.append(containerHeader(codecPrivate ? { ...format, codecPrivate } : format));
    this.#started = true;
    return true;
  }

  #mark({ data, key }: TrackFrame, ms: number): void {
    const missingMs = this.#codec === "opus" ? this.#gaps.before(ms, data) : 0;
    const cluster = this.#layout.opensCluster(ms, key);
    if (!cluster && missingMs === 0) return;
    this.#index.append(markRecord({ ms, offset: this.#file.bytes, cluster, key, missingMs }));
  }

  #noteSize(frame: TrackFrame, atMs: number): void {
    const { width, height } = frame;
    if (!width || !height || this.#size === `${width}x${height}`) return;
    this.#size = `${width}x${height}`;
    this.#owner.emit({ type: "resolution", track: this.id, atMs, width, height });
  }
}

const tenth = (ms: number): number => Math.round(ms * 10) / 10;
const waited = (ms: number): { waitedMs?: number } => (ms >= 1 ? { waitedMs: tenth(ms) } : {});

function hasHeaderFields(codec: MediaCodec, frame: TrackFrame): boolean {
  if (!frame.key || !frame.width || !frame.height) return false;
  return codec !== "H264" || frame.codecPrivate !== undefined;
}
