import path from "node:path";
import { sampleRate } from "../../core/media.ts";
import type { Timeline, TimelineTrack } from "../format/timeline/timeline.ts";
import { trackBlocks } from "../format/track/trackBlocks.ts";
import { writeExcerpt } from "../format/track/trackExcerpt.ts";
import type { SkippedTracks } from "./decode/skippedTracks.ts";
import { opusSamples, placeFrame } from "./sound/audioTrack.ts";

/** Time stamps are rounded and clocks bent: that much more is taken on both sides, ms. */
const marginMs = 500;

/** A timeline of which only a stretch can be decoded. */
export interface ExcerptedTimeline {
  timeline: Timeline;
  /** Where the sound of tracks that began before continues, samples, by track. */
  continues: Map<string, number>;
}

/**
 * Copies what is needed of each track for `fromMs` to `toMs` into `folder`: decoding begins close by instead of at the
 * beginning, and files that are still being written do not change under the decoder. Who is there when stays as it is.
 */
export function excerpt(
  timeline: Timeline,
  { fromMs, toMs }: { fromMs: number; toMs: number },
  { folder, skipped }: { folder: string; skipped: SkippedTracks },
): ExcerptedTimeline {
  const continues = new Map<string, number>();
  const excerptOf = (track: TimelineTrack): TimelineTrack[] => {
    if (track.startMs > toMs + marginMs || track.endMs < fromMs - marginMs) return [];
    const file = path.join(folder, path.basename(track.path));
    const range = mediaRange(track, fromMs, toMs);
    const found = skipped.attempt(track, () => writeExcerpt(track.path, file, range));
    if (!found) return [];
    const place = track.kind === "audio" ? placeOf(track, found.firstMs) : undefined;
    if (place !== undefined) continues.set(track.id, place);
    return [{ ...track, path: file }];
  };
  const participants = timeline.participants.map((one) => ({
    ...one,
    tracks: one.tracks.flatMap(excerptOf),
  }));
  return { timeline: { ...timeline, participants }, continues };
}

function mediaRange({ clock }: TimelineTrack, fromMs: number, toMs: number) {
  return {
    fromMs: clock.mediaAt(fromMs) - marginMs,
    toMs: clock.mediaAt(toMs) + marginMs,
  };
}

/**
 * Where a track's sound has got to before media time `untilMs`, samples: places depend on all that came before, and are
 * found without decoding it.
 */
function placeOf({ path: file, clock }: TimelineTrack, untilMs: number): number | undefined {
  let continues: number | undefined;
  for (const { ms, head } of trackBlocks(file)) {
    if (ms >= untilMs) break;
    const wanted = Math.round((clock.at(ms) * sampleRate) / 1000);
    continues = placeFrame(wanted, continues) + opusSamples(head);
  }
  return continues;
}
