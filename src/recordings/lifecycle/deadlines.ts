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

/** What Stream answers an application in a minute, unless it says otherwise. */
const publishedPerMinute = 1_000;
/** Share of it that is asked for recordings that wait. */
const questionShare = 0.6;
/** Share of a minute's answers that is left for what people ask for. */
const reserve = 0.2;

/**
 * Pause before a provider of its own is asked again for a recording that has waited for `ageMs`: what it does takes seconds at
 * first, then minutes. However many recordings wait, on all nodes together, the questions stay within the provider's rate. Ms.
 */
export function remotePollMs(ageMs: number, asking: Asking, pace: Pace): number {
  return Math.max(byAge(ageMs, asking.isTold), crowdMs(asking, pace));
}

export interface Pace {
  /** In [0, 1): its place among those that wait for the same moment. */
  spread: number;
  /** Somebody waits for it: what is kept for people is there for it too. */
  isUrgent?: boolean;
}

/**
 * Pause for the sake of all others that the provider is asked for: their even share of its rate, and of what it says is left.
 * Longer for some than for others, or those that began together would come together for ever. Ms.
 */
export function crowdMs(asking: Asking, pace: Pace): number {
  const spreadMs = evenMs(asking, asking.waiting) * (0.5 + pace.spread);
  return Math.max(spreadMs, scarceMs(asking, pace));
}

/** Between two questions for each of so many, ms. */
function evenMs({ perMinute }: Asking, count: number): number {
  const most = Math.min(perMinute ?? publishedPerMinute, publishedPerMinute);
  return (count * 60_000) / Math.max(1, most * questionShare);
}

/** While little is left of a window, what is above the reserve is shared by all; who gets none of it comes after its end. Ms. */
export function scarceMs(asking: Asking, { spread, isUrgent = false }: Pace): number {
  const { remaining, of, leftMs } = asking;
  if (remaining === null || of === null || leftMs === null) return 0;
  const asked = asking.waiting + asking.running;
  const spare = remaining - (isUrgent ? 0 : of * reserve);
  const afterwardsMs = leftMs + spread * evenMs(asking, asked);
  return spare <= 0 ? afterwardsMs : Math.min(afterwardsMs, (asked * leftMs) / spare);
}

/** In [0, 1), the same for a recording each time. */
export function spreadOf({ id }: { id: string }): number {
  let hash = 0;
  for (const character of id.slice(-8)) hash = (hash * 31 + character.charCodeAt(0)) % 65_521;
  return hash / 65_521;
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
