import type { FunctionReturnType } from "convex/server";
import type { functions } from "../api/functions.ts";
import { durationWords, momentWords } from "./time.ts";

export type QueueStatus = NonNullable<
  FunctionReturnType<typeof functions.matching.queue.getQueueStatus>
>;
export type Match = NonNullable<
  FunctionReturnType<typeof functions.matching.queue.getCurrentMatch>
>;

/** In which role somebody wants to talk, and what it is called. */
export const roleWords = {
  peer: "As equals",
  mentor: "I can help somebody",
  mentee: "I look for help",
} as const;

export type Role = keyof typeof roleWords;

export const partnerName = ({ partner }: Match): string => partner.displayName ?? "Somebody";

/** "today, 14:05 until today, 16:05". @param now epoch ms */
export const timesWords = (from: number, to: number, now: number): string =>
  `${momentWords(Math.max(from, now), now)} until ${momentWords(to, now)}`;

/** Where somebody stands in the queue, in sentences. */
export function placeSentences(status: QueueStatus): string[] {
  const { queuePosition, potentialMatches, estimatedWaitTime } = status;
  return [
    ...(queuePosition === undefined ? [] : [`You have place ${queuePosition} in the queue.`]),
    ...(potentialMatches === undefined ? [] : [othersWords(potentialMatches)]),
    ...(estimatedWaitTime === undefined
      ? []
      : [`Others have waited about ${durationWords(estimatedWaitTime)} lately.`]),
  ];
}

function othersWords(count: number): string {
  if (count === 0) return "Nobody else is waiting for the same time yet.";
  return count === 1
    ? "One other person is waiting for the same time."
    : `${count} other people are waiting for the same time.`;
}
