import { join } from "node:path";
import { isMissing } from "../../core/errorCode.ts";
import { loadPlayback, type StoredPlayback } from "./playback.ts";
import type { CapturePlayback, CaptureReader, TrackContent } from "./port.ts";
import { NotATrackError, readView, viewTrack } from "./track/trackView.ts";

/** So many captures are kept in memory; each is some hundred kilobytes. */
const keptCaptures = 16;

interface Kept {
  playback: Promise<StoredPlayback>;
  tracks: Map<string, Promise<TrackContent | undefined>>;
}

/** Reads captures from local folders. */
export function createCaptureReader(): CaptureReader {
  const kept = new Map<string, Kept>();
  const of = (dir: string): Kept => {
    const found = kept.get(dir) ?? { playback: loadPlayback(dir), tracks: new Map() };
    // What failed is tried again by the next who asks.
    found.playback.catch(() => kept.get(dir) === found && kept.delete(dir));
    kept.delete(dir);
    kept.set(dir, found);
    const [oldest] = kept.keys();
    if (kept.size > keptCaptures && oldest !== undefined) kept.delete(oldest);
    return found;
  };
  return {
    playback: (dir): Promise<CapturePlayback> => of(dir).playback,
    track: (dir, trackId) => {
      const { playback, tracks } = of(dir);
      const known = tracks.get(trackId);
      if (known !== undefined) return known;
      const opening = playback.then((found) => openTrack(dir, found, trackId));
      tracks.set(trackId, opening);
      // Names of tracks that are none come from outside: they are not kept, nor is what failed.
      const forget = () => tracks.delete(trackId);
      opening.then((found) => found ?? forget(), forget);
      return opening;
    },
  };
}

async function openTrack(
  dir: string,
  { tracks }: StoredPlayback,
  trackId: string,
): Promise<TrackContent | undefined> {
  const track = tracks.find((one) => one.trackId === trackId);
  if (!track) return undefined;
  try {
    const view = await viewTrack(join(dir, track.file), trackId, track.kind === "audio");
    const { sizeBytes, digest } = view;
    return { sizeBytes, digest, read: (range) => readView(view, range) };
  } catch (error) {
    // The other tracks play without it.
    if (error instanceof NotATrackError || isMissing(error)) return undefined;
    throw error;
  }
}
