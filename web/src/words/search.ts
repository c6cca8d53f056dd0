import type { FunctionReturnType } from "convex/server";
import type { functions } from "../api/functions.ts";
import { momentWords } from "./time.ts";

export type Found = FunctionReturnType<typeof functions.transcripts.search.searchTranscripts>;
export type Hit = Found["hits"][number];

/** How much was found, in a sentence. */
export function foundWords({ hits }: Found): string {
  if (hits.length === 0) return "Nothing like that was said in your meetings.";
  return hits.length === 1 ? "Found once." : `Found ${hits.length} times.`;
}

/** Who said it, and when: "Ada, today, 14:05". @param now epoch ms */
export function saidWords({ speakerName, startMs }: Hit, now: number): string {
  return `${speakerName ?? "Somebody"}, ${momentWords(startMs, now)}`;
}
