import { clockWords, etaWords } from "../words/time.ts";
import type { Playback } from "./sources/playback.ts";

/** What is missing in the recording, in a sentence; undefined when nothing is. */
export function missingWords({
  gaps,
  problems,
}: Pick<Playback, "gaps" | "problems">): string | undefined {
  const sentences = [...gapWords(gaps), ...problems.map(problemWords)];
  return sentences.length === 0 ? undefined : sentences.join(" ");
}

function problemWords(problem: Playback["problems"][number]): string {
  const { participantName, source, kind, receivedMs, storedMs } = problem;
  const noun = kind === "audio" ? "sound" : source === "screen" ? "screen" : "picture";
  const whose = `${participantName}\u2019s ${noun}`;
  if (problem.code === "not_stored") return `${whose} arrived, but could not be recorded.`;
  if (problem.code === "not_composed") return `${whose} is missing in the file.`;
  if (problem.code === "left_out")
    return `Some of ${whose} was left out: it was more than one person may send.`;
  const seconds = Math.max(1, Math.round((receivedMs - storedMs) / 1000));
  return `${seconds} s of ${whose} could not be recorded.`;
}

function gapWords(gaps: Playback["gaps"]): string[] {
  if (gaps.length === 0) return [];
  const places = gaps.map(({ startMs, endMs }) => {
    return `${clockWords(startMs)} (${Math.max(1, Math.round((endMs - startMs) / 1000))} s)`;
  });
  return [`The recorder was interrupted: something is missing at ${places.join(", ")}.`];
}

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
