import { useMemo } from "react";

/** A stream of just this track; the same as long as the track is. */
export function useStream(track: MediaStreamTrack | undefined): MediaStream | undefined {
  return useMemo(() => (track === undefined ? undefined : new MediaStream([track])), [track]);
}
