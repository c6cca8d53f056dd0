import type {
  CaptureCopies,
  CapturedMedia,
  CaptureReader,
  CaptureRef,
} from "../../media/format/port.ts";
import type { VideoProvider } from "../../video/port.ts";
import { notHere } from "../archive/captureCopies.ts";

/** Places of so many captures are remembered. */
const knownPlaces = 256;

/** Finds the captures of sealed recordings. A player asks hundreds of times, the provider is asked once. */
export function createCapturedMedia(
  video: VideoProvider,
  reader: CaptureReader,
  copies: CaptureCopies,
): CapturedMedia {
  const dirs = new Map<string, string>();
  const find = async (recording: CaptureRef): Promise<string | undefined> => {
    const state = await video.recordingState(recording);
    if (state.status !== "sealed" || state.captureDir === undefined) return undefined;
    const [oldest] = dirs.keys();
    if (dirs.size >= knownPlaces && oldest !== undefined) dirs.delete(oldest);
    dirs.set(recording.recordingId, state.captureDir);
    return state.captureDir;
  };
  const locate = async (recording: CaptureRef): Promise<string | undefined> => {
    const { recordingId } = recording;
    const copy = await copies.hold(recordingId, { restore: true });
    if (copy.kind !== "here") throw notHere(recordingId, copy);
    const dir = dirs.get(recordingId) ?? (await find(recording));
    if (dir !== undefined || !copy.isArchived) return dir;
    await copies.lost(recordingId);
    throw notHere(recordingId, { kind: "archived" });
  };
  return {
    of: async (recording) => {
      const dir = await locate(recording);
      if (dir === undefined) return undefined;
      return {
        playback: () => reader.playback(dir),
        track: (trackId) => reader.track(dir, trackId),
      };
    },
  };
}
