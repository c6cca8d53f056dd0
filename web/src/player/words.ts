import type { Playback } from "./playback.ts";

/** What is playing, and what becomes of it, in a sentence. */
export function statusWords(playback: Playback, source: "tracks" | "file" | undefined): string {
  const noun = playback.audioOnly ? "sound file" : "MP4";
  if (source === "file") return `Playing the finished ${noun}.`;
  if (playback.file) return `Playing what was captured; changing to the finished ${noun}.`;
  if (playback.composeError !== undefined)
    return `Playing what was captured. The ${noun} could not be made.`;
  const { done = 0, etaMs } = playback.progress ?? {};
  const percent = Math.floor(done * 100);
  const left = etaMs === undefined ? "" : `, ${timeLeft(etaMs)} left`;
  return `Playing what was captured; the ${noun} is ${percent} % composed${left}.`;
}

/** A length of time as people say it: seconds below a minute, else minutes. */
export function timeLeft(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  if (seconds < 60) return `about ${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return `about ${minutes} min`;
}

/** A size as people read it. */
export function sizeWords(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.max(1, Math.round(bytes / 1000))} kB`;
  if (bytes < 1_000_000_000) return `${(bytes / 1_000_000).toFixed(1)} MB`;
  return `${(bytes / 1_000_000_000).toFixed(2)} GB`;
}
