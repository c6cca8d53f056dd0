import { useEffect } from "react";

/** As much of a player as it takes to begin somewhere. */
export type Seekable = EventTarget & { currentTime: number; readonly duration: number };

/** Plays on from where the page's address says, `#t=83` in seconds, as in media fragments; as soon as the player has something to play. */
export function useStartTime(player: Seekable | null): void {
  useEffect(() => {
    if (!player) return;
    const seek = () => {
      const seconds = startTime(location.hash);
      if (seconds !== undefined && player.duration > 0) player.currentTime = seconds;
    };
    seek();
    player.addEventListener("durationchange", seek, { once: true });
    window.addEventListener("hashchange", seek);
    return () => {
      player.removeEventListener("durationchange", seek);
      window.removeEventListener("hashchange", seek);
    };
  }, [player]);
}

/** Seconds; undefined where a fragment names none. */
export function startTime(hash: string): number | undefined {
  const seconds = /^#t=(\d{1,6})$/.exec(hash)?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}
