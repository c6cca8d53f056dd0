import { ApiError } from "../api/apiError.ts";
import { explain } from "./refusals.ts";

export const notesWords = {
  heading: "Notes",
  label: "Notes of the meeting",
  loading: "The notes are being fetched",
  placeholder: "Write here, together. “- [ ] ” begins something to be done.",
  empty: "There are no notes.",
  toDo: "To do",
  unnamed: "(no words yet)",
  download: "Download as Markdown",
  close: "Close the notes",
} as const;

/** Whether what was typed has arrived. */
export function arrivalWords(arrived: boolean, canWrite: boolean): string {
  if (!canWrite) return "You can read these notes";
  return arrived ? "Everything is saved" : "Saving…";
}

/** Why it has not: what was typed is never lost by that. */
export function problemWords(problem: unknown): string {
  if (problem instanceof ApiError && problem.isOutage)
    return "There is no connection. Go on writing: it is kept here, and saved when the server is back.";
  if (problem instanceof ApiError && problem.code === "RATE_LIMIT_EXCEEDED")
    return "Much was written in a short time. It is kept here, and saved in a moment.";
  if (problem instanceof ApiError && problem.code === "VALIDATION_ERROR")
    return `This could not be saved: ${problem.message}. It is kept here.`;
  return explain(problem).text;
}
