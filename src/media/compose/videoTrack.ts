import type { MediaSource } from "../../core/recording.ts";
import type { TimelineTrack } from "../format/timeline.ts";
import { Frame } from "./nodeAv.ts";
import { TrackDecoder } from "./trackDecoder.ts";

/** A camera's picture older than this is not shown any longer, ms; a screen may stand still. */
const stalledAfterMs = 2000;

/** Video of one track as a function of time. Decodes forward only, one frame ahead. */
export class VideoTrack {
  #track: TimelineTrack;
  #decoder: TrackDecoder;
  #shown = allocated();
  #next = allocated();
  #shownAtMs = Number.NEGATIVE_INFINITY;
  #nextAtMs: number;
  #staleAfterMs: number;

  /** Throws when the file cannot be opened. */
  constructor(track: TimelineTrack, source: MediaSource, threads: number) {
    this.#track = track;
    this.#staleAfterMs = source === "screen" ? Number.POSITIVE_INFINITY : stalledAfterMs;
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

  /** The picture at the time advanced to; undefined before the first, after the end, and while the sender stalls. */
  picture(ms: number): Frame | undefined {
    const fresh = ms - this.#shownAtMs <= this.#staleAfterMs && ms < this.#track.endMs;
    return fresh ? this.#shown : undefined;
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
