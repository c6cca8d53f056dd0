import type { Asking } from "../notices.ts";

/** A node working on a recording is left alone for that long, ms; then another takes over. */
export const leaseMs = 20_000;

/** How long a provider may leave a state unconfirmed or be out of reach before the recording is given up, ms. */
export const patience = {
  starting: 60_000,
  stopping: 10 * 60_000,
  finishing: 2 * 3_600_000,
} as const;

/** Pause before an unreachable or undecided provider is asked again, ms. */
export const retryMs = 2_000;

/** Pause before a provider is asked again that tells what happens by webhook, of which some may be lost; ms. */
export const toldPollMs = 60_000;

/** Of the thousand questions a minute that Stream answers an application, so many are for recordings that wait. */
const questionsPerMinute = 600;

/**
 * Pause before a provider of its own is asked again for a recording that has waited for `ageMs`: what it does takes seconds at
 * first, then minutes. However many recordings wait, on all nodes together, the questions stay within the provider's rate. Ms.
 */
export function remotePollMs(ageMs: number, { isTold, waiting }: Asking): number {
  return Math.max(byAge(ageMs, isTold), (waiting * 60_000) / questionsPerMinute);
}

function byAge(ageMs: number, isTold: boolean): number {
  if (ageMs < 60_000) return isTold ? 15_000 : 5_000;
  if (isTold) return toldPollMs;
  return ageMs < 15 * 60_000 ? 15_000 : 60_000;
}

/** A provider keeps files for two weeks; until then one that was given up may still come, ms. */
export const fileRetentionMs = 14 * 24 * 3_600_000;

/** Pause before a failed recording is looked for again, ms; rarer the longer ago it was asked for. */
export function lateFilePollMs(ageMs: number): number {
  if (ageMs < 15 * 60_000) return 30_000;
  return ageMs < 24 * 3_600_000 ? 3_600_000 : 24 * 3_600_000;
}

/** How long a recording may be `processing` before settle looks at it again, ms. */
export const processingPollMs = 30_000;
