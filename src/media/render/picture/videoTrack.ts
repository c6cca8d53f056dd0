import type { TimelineTrack } from "../../format/timeline/timeline.ts";
import { Frame } from "../decode/nodeAv.ts";
import { TrackDecoder } from "../decode/trackDecoder.ts";

/** Video of one track as a function of time. Decodes forward only, one frame ahead. */
export class VideoTrack {
  #track: TimelineTrack;
  #decoder: TrackDecoder;
  #shown = allocated();
  #next = allocated();
  #shownAtMs = Number.NEGATIVE_INFINITY;
  #nextAtMs: number;

  /** @throws when the file cannot be opened */
  constructor(track: TimelineTrack, threads: number) {
    this.#track = track;
    this.#decoder = new TrackDecoder(track.path, threads);
    this.#nextAtMs = this.#decode();
  }

  /** Moves on to the picture at a time, which must not go back; true when it is another than before. */
  advance(ms: number): boolean {
    let changed = false;
    while (this.#nextAtMs <= ms) {
      [this.#shown, this.#next] = [this.#next, this.#shown];
      this.#shownAtMs = this.#nextAtMs;
      this.#nextAtMs = this.#decode();
      changed = true;
    }
    return changed;
  }

  /**
   * The picture at the time advanced to, which stays until there is another, the first from the track's start on: undefined
   * outside of the track, and where there is none since `sinceMs`.
   */
  picture(ms: number, sinceMs: number): Frame | undefined {
    const { startMs, endMs } = this.#track;
    if (ms < startMs || ms >= endMs) return undefined;
    if (this.#shownAtMs >= sinceMs && Number.isFinite(this.#shownAtMs)) return this.#shown;
    const begins = !Number.isFinite(this.#shownAtMs) && Number.isFinite(this.#nextAtMs);
    return begins && this.#nextAtMs >= sinceMs ? this.#next : undefined;
  }

  close(): void {
    this.#shown.free();
    this.#next.free();
    this.#decoder.close();
  }

  #decode(): number {
    if (!this.#decoder.next(this.#next)) return Number.POSITIVE_INFINITY;
    return this.#track.clock.at(this.#decoder.mediaMs(this.#next));
  }
}

function allocated(): Frame {
  const frame = new Frame();
  frame.alloc();
  return frame;
}
