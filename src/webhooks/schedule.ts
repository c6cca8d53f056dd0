const minute = 60_000;
const hour = 60 * minute;

/** Pauses between attempts, ms: what the Standard Webhooks specification suggests, a little over three days in all. */
const pausesMs = [
  5_000,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
];

/** Longest wait that a receiver can ask for, ms. */
const longestWaitMs = 24 * hour;

/** Added to a pause at most, as a share of it: those that failed together do not come back together. */
const jitter = 0.2;

/**
 * How long to wait after so many failed attempts (from 1), ms; undefined = it is given up. `random` in [0, 1);
 * `askedMs` is what the receiver asked for.
 */
export function pauseAfter(attempts: number, random: number, askedMs = 0): number | undefined {
  const pause = pausesMs[attempts - 1];
  if (pause === undefined) return undefined;
  return Math.max(Math.round(pause * (1 + jitter * random)), askedMs);
}

/**
 * The wait that a `Retry-After` header asks for (seconds, or an HTTP date), ms, a day at most; undefined when it says
 * nothing that can be followed. `now` is epoch ms.
 */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? "";
  const asked = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  if (text === "" || Number.isNaN(asked)) return undefined;
  return Math.min(Math.max(asked, 0), longestWaitMs);
}
