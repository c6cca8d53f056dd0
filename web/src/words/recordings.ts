import type { FunctionReturnType } from "convex/server";
import type { functions } from "../api/functions.ts";
import { etaWords } from "./time.ts";

export type RecordingSummary = FunctionReturnType<
  typeof functions.recordings.queries.listRecordings
>[number];
export type RecordingDetail = FunctionReturnType<typeof functions.recordings.queries.getRecording>;
export type RecordingConfig = RecordingDetail["config"];
export type Rendition = RecordingDetail["renditions"][number];

export const layoutWords: Readonly<Record<RecordingConfig["layout"], string>> = {
  grid: "Everyone side by side",
  spotlight: "Whoever speaks large, the others small",
  "single-participant": "Only whoever speaks",
};

export const qualityWords: Readonly<Record<RecordingConfig["quality"], string>> = {
  "360p": "Small file (360p)",
  "720p": "Good (720p)",
  "1080p": "Best (1080p)",
};

const shortLayout: Readonly<Record<RecordingConfig["layout"], string>> = {
  grid: "side by side",
  spotlight: "speaker large",
  "single-participant": "speaker only",
};

/** What a version looks like, in short: "side by side, 720p". */
export function configWords({ layout, quality, audioOnly }: RecordingConfig): string {
  return audioOnly ? "sound only" : `${shortLayout[layout]}, ${quality}`;
}

/** How far a recording is, in a word or two. */
export function stateWords(state: RecordingSummary["state"]): string {
  switch (state) {
    case "starting":
      return "Starting";
    case "recording":
      return "Recording now";
    case "stopping":
      return "Being closed";
    case "processing":
      return "Video being made";
    case "ready":
      return "Ready";
    case "failed":
      return "Failed";
  }
}

/** What there is to say beyond the state: progress with what is left, or what went wrong. */
export function detailWords({ state, progress, error }: RecordingDetail): string | undefined {
  if (state === "processing") return progressWords(progress);
  return state === "failed" ? error?.message : undefined;
}

/** The same of another version of it. */
export function renditionWords({ state, progress, error }: Rendition): string {
  switch (state) {
    case "queued":
      return "Waiting for its turn";
    case "composing":
      return `Being made, ${progressWords(progress)}`;
    case "ready":
      return "Ready";
    case "failed":
      return `Failed${error === undefined ? "" : `: ${error}`}`;
  }
}

function progressWords({ done, etaMs }: RecordingDetail["progress"]): string {
  const percent = `${Math.floor(done * 100)} %`;
  return etaMs === undefined ? percent : `${percent}, ${etaWords(etaMs)}`;
}

/** Whether there is something to play: as soon as all media is safe, and also where no file could be made of it. */
export function isPlayable({
  state,
  tracks = [],
}: Pick<RecordingSummary, "state"> & { tracks?: RecordingDetail["tracks"] }): boolean {
  return state === "processing" || state === "ready" || (state === "failed" && tracks.length > 0);
}
