import type {
  Interval,
  TimelineParticipant,
  TimelineTrack,
} from "../../format/timeline/timeline.ts";
import type { Frame } from "../decode/nodeAv.ts";
import type { SkippedTracks } from "../decode/skippedTracks.ts";
import { VideoTrack } from "./videoTrack.ts";

export interface FeedState {
  /** Undefined when the camera is off or the file is unusable. */
  picture: Frame | undefined;
  /** Whether it is another picture than at the last call. */
  changed: boolean;
}

/** All video of one participant as a function of time. Files are open only while their track lasts. */
export class VideoFeed {
  #pending: TimelineTrack[];
  #open: { track: TimelineTrack; video: VideoTrack }[] = [];
  #skipped: SkippedTracks;
  #off: readonly Interval[];
  /** How many of them have begun. */
  #begun = 0;
  #threads: number;
  #shown: VideoTrack | undefined;

  constructor({ tracks, off }: TimelineParticipant, skipped: SkippedTracks, threads: number) {
    this.#pending = tracks
      .filter(({ kind }) => kind === "video")
      .sort((a, b) => a.startMs - b.startMs);
    this.#off = off;
    this.#skipped = skipped;
    this.#threads = threads;
  }

  /** The state at a time, which must not go back. */
  at(ms: number): FeedState {
    this.#openDue(ms);
    const changed = new Set(this.#open.filter(({ video }) => video.advance(ms)));
    // The newest track that has a picture: an old one may linger while its successor begins.
    const sinceMs = this.#onSince(ms);
    const shown = this.#open.findLast(({ video }) => video.picture(ms, sinceMs) !== undefined);
    const another = shown?.video !== this.#shown;
    this.#shown = shown?.video;
    this.#closeEnded(ms);
    return {
      picture: shown?.video.picture(ms, sinceMs),
      changed: another || (shown !== undefined && changed.has(shown)),
    };
  }

  close(): void {
    for (const { video } of this.#open) video.close();
    this.#open = [];
  }

  /** Only pictures since then may be shown; Infinity while the camera is off. */
  #onSince(ms: number): number {
    while ((this.#off[this.#begun]?.fromMs ?? Number.POSITIVE_INFINITY) <= ms) this.#begun++;
    const last = this.#off[this.#begun - 1];
    if (!last) return Number.NEGATIVE_INFINITY;
    // Another picture comes before or after the word that the camera is on again.
    return ms < last.toMs ? Number.POSITIVE_INFINITY : last.fromMs;
  }

  #openDue(ms: number): void {
    while (this.#pending[0] && this.#pending[0].startMs <= ms) {
      const track = this.#pending.shift();
      const video =
        track && this.#skipped.attempt(track, () => new VideoTrack(track, this.#threads));
      if (track && video) this.#open.push({ track, video });
    }
  }

  #closeEnded(ms: number): void {
    const ended = this.#open.filter(
      ({ track, video }) => track.endMs <= ms && video !== this.#shown,
    );
    for (const { video } of ended) video.close();
    this.#open = this.#open.filter((one) => !ended.includes(one));
  }
}
