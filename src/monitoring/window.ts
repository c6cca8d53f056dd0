import { orThrow } from "../core/result.ts";
import { wholeNumber } from "../core/wholeNumber.ts";
import { type ReadTx, statement } from "../db/port.ts";
import { type Latencies, noLatencies, slotCount } from "./latencies.ts";
import type { CallSums } from "./objectives.ts";

const minuteMs = 60_000;
const usualMs = 3_600_000;
const longestMs = 24 * 3_600_000;

/** A stretch of time of which figures are told. */
export interface Window {
  /** Beginning of its first minute, epoch ms. */
  since: number;
  /** Epoch ms. */
  until: number;
}

const readNow = statement<{ now: number }>("figures.now", "SELECT app_now() AS now");

/** SQL: the slots of all rows added up. */
const summedLatencies = `ARRAY[${Array.from(
  { length: slotCount },
  (_, slot) => `sum(latencies[${slot + 1}])::double precision`,
).join(", ")}]`;

const since = "minute >= to_timestamp($1::double precision / 1000)";
const ofFunction = "($2::text IS NULL OR fn = $2)";
const sums = `sum(calls) AS calls, sum(failed) AS failed, sum(ms) AS ms, ${summedLatencies} AS latencies`;

const sumByFunction = statement<CallSums & { fn: string }>(
  "figures.sumByFunction",
  `SELECT fn, kind, ${sums} FROM call_minutes WHERE ${since} AND ${ofFunction} GROUP BY fn, kind ORDER BY fn`,
);

const sumByBucket = statement<CallSums & { bucket: number }>(
  "figures.sumByBucket",
  `SELECT floor((extract(epoch FROM minute) * 1000 - $1::double precision) / $3::double precision)::integer AS bucket,
     kind, ${sums}
   FROM call_minutes WHERE ${since} AND ${ofFunction} GROUP BY 1, kind ORDER BY 1`,
);

const sumPushes = statement<{ updates: number; latencies: (number | null)[] }>(
  "figures.sumPushes",
  `SELECT COALESCE(sum(updates), 0) AS updates, ${summedLatencies} AS latencies FROM node_minutes WHERE ${since}`,
);

/**
 * The last `wanted` ms, from the full minute on; an hour unless something is wanted.
 * @throws AppError VALIDATION_ERROR (`timeWindowMs`: a minute to a day)
 */
export async function windowOf(tx: ReadTx, wanted = usualMs): Promise<Window> {
  const ms = orThrow(wholeNumber("timeWindowMs", wanted, { min: minuteMs, max: longestMs }));
  tx.reads(ms > usualMs ? "figures:day" : "figures:nodes");
  const until = (await tx.first(readNow))?.now ?? 0;
  return { since: Math.floor((until - ms) / minuteMs) * minuteMs, until };
}

/** The calls of all nodes by function, or those of one. */
export function callsByFunction(tx: ReadTx, window: Window, fn?: string) {
  return tx.all(sumByFunction, [window.since, fn ?? null]);
}

/** The calls of all nodes by stretches of `bucketMs`, numbered from 0, and kind. */
export function callsByBucket(tx: ReadTx, window: Window, bucketMs: number, fn?: string) {
  return tx.all(sumByBucket, [window.since, fn ?? null, bucketMs]);
}

/** How soon live clients of all nodes were told of changes, and of how many. */
export async function pushes(
  tx: ReadTx,
  window: Window,
): Promise<{ updates: number; latencies: Latencies }> {
  const found = await tx.first(sumPushes, [window.since]);
  const latencies = found?.latencies.map((count) => count ?? 0) ?? noLatencies();
  return { updates: found?.updates ?? 0, latencies };
}
