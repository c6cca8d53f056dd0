import type { CapturedMedia, CaptureReader, CaptureRef } from "../../media/format/port.ts";
import type { VideoProvider } from "../../video/port.ts";

/** Places of so many captures are remembered. */
const knownPlaces = 256;

/** Finds the captures of sealed recordings. A player asks hundreds of times, the provider is asked once. */
export function createCapturedMedia(video: VideoProvider, reader: CaptureReader): CapturedMedia {
  const dirs = new Map<string, string>();
  const find = async (recording: CaptureRef): Promise<string | undefined> => {
    const state = await video.recordingState(recording);
    if (state.status !== "sealed" || state.captureDir === undefined) return undefined;
    const [oldest] = dirs.keys();
    if (dirs.size >= knownPlaces && oldest !== undefined) dirs.delete(oldest);
    dirs.set(recording.recordingId, state.captureDir);
    return state.captureDir;
  };
  return {
    of: async (recording) => {
      const dir = dirs.get(recording.recordingId) ?? (await find(recording));
      if (dir === undefined) return undefined;
      return {
        playback: () => reader.playback(dir),
        track: (trackId) => reader.track(dir, trackId),
      };
    },
  };
}
