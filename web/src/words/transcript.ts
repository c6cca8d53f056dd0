import type { FunctionReturnType } from "convex/server";
import type { functions } from "../api/functions.ts";
import { clockWords } from "./time.ts";

export const transcriptWords = {
  heading: "What was said",
  loading: "What was said is being fetched",
  search: "Search in it",
  follow: "Follow the recording",
  list: "What was said, line by line",
  unknown: "Somebody",
  nothing: "Nothing was written down of this recording.",
  notFound: "Nobody said that.",
  export: "Save as",
  corrected: "corrected",
  correcting: "Correct lines",
  text: "What was said",
  original: "It was heard as",
  save: "Save",
  goBack: "Go back",
  make: "Write it down",
  mixed: "All voices are in one file, so nobody can tell who said what: the lines have no names.",
  removeOwn: "Delete what I said",
  removeOwnTitle: "Delete what you said?",
  removeOwnText:
    "All lines that you said in this meeting go, for good, for everybody, and are not written again. Your voice stays in the recording.",
  removeAll: "Delete all of it",
  removeAllTitle: "Delete what was said?",
  removeAllText:
    "What was said in this recording goes, for good, for everybody, and is not written again. The recording itself stays.",
  setting: "What is said is written down (for everybody)",
} as const;

type Status = FunctionReturnType<
  typeof functions.transcripts.queries.getTranscriptStatus
>["recordings"][number];

/** What became of what was said in a recording; undefined where all of it is there. */
export function statusWords(status: Status): string | undefined {
  const { state, reason, progress, error } = status;
  if (state === "off") return "A host had turned off that what is said is written down.";
  if (state === "unavailable") return unavailableWords[reason ?? "transcription_unavailable"];
  if (state === "none") return "Nobody has listened to this recording.";
  if (state === "running") return `It is being listened to${percentWords(progress)}.`;
  if (state === "deleted") return "What was said was deleted.";
  if (state === "failed")
    return `It could not be listened to: ${error ?? "the reason is not known"}.`;
  if (state === "incomplete")
    return `Not all of it could be listened to: ${error ?? "the reason is not known"}.`;
  return undefined;
}

const unavailableWords = {
  transcription_unavailable: "This server writes down nothing that is said.",
  paid_tier_required: "What is said is written down in paid meetings only.",
  mixed_sound:
    "All voices are in one file: once it is finished, it can be written down, without names.",
} as const;

const percentWords = (progress: number | undefined) =>
  progress === undefined ? "" : ` (${Math.floor(progress * 100)} %)`;

/** That something was said that is in no line; undefined where nothing was. */
export function notUnderstoodWords({
  notUnderstood,
  notUnderstoodMs,
}: Pick<Status, "notUnderstood" | "notUnderstoodMs">): string | undefined {
  if (notUnderstood === 0) return undefined;
  const times = notUnderstood === 1 ? "Once" : `${notUnderstood} times`;
  return `${times}, for ${clockWords(notUnderstoodMs)} together, something was said that is not here: in another language than English, or lost in noise.`;
}

/** What a line is called that leads to its second. */
export function lineLabel(atMs: number, name: string): string {
  return `${name}, at ${clockWords(atMs)}`;
}

/** How many lines a search has found. */
export function foundWords(count: number): string {
  return count === 1 ? "1 line" : `${count} lines`;
}
