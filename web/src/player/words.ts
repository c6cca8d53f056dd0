import { etaWords } from "../words/time.ts";
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
  const left = etaMs === undefined ? "" : `, ${etaWords(etaMs)}`;
  return `Playing what was captured; the ${noun} is ${percent} % composed${left}.`;
}
