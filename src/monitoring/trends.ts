import { AppError } from "../core/errors.ts";
import { orThrow } from "../core/result.ts";
import { wholeNumber } from "../core/wholeNumber.ts";
import type { ReadTx } from "../db/port.ts";
import { percentile } from "./latencies.ts";
import { averageMs, type CallSums, successRate, sumCalls } from "./objectives.ts";
import { callsByBucket, windowOf } from "./window.ts";

const minuteMs = 60_000;
const usualBucketMs = 5 * minuteMs;
const mostBuckets = 300;
/** Less than this share up or down is no trend. */
const leastChange = 0.1;

interface Asked {
  functionName?: string;
  timeWindowMs?: number;
  bucketSizeMs?: number;
}

/**
 * How the calls of all functions, or of one, went over time, and where that leads to.
 * @throws AppError VALIDATION_ERROR (`timeWindowMs`; `bucketSizeMs`: full minutes, 300 of them in the window at most)
 */
export async function performanceTrends(
  tx: ReadTx,
  { functionName, timeWindowMs, bucketSizeMs = usualBucketMs }: Asked,
) {
  const window = await windowOf(tx, timeWindowMs);
  const bucketMs = orThrow(wholeNumber("bucketSizeMs", bucketSizeMs, { min: minuteMs }));
  const count = Math.ceil((window.until - window.since) / bucketMs);
  if (bucketMs % minuteMs !== 0 || count > mostBuckets) {
    const message = `bucketSizeMs must be full minutes, ${mostBuckets} of them in the window at most`;
    const metadata = { field: "bucketSizeMs", limit: mostBuckets };
    throw new AppError("VALIDATION_ERROR", message, metadata);
  }
  const rows = await callsByBucket(tx, window, bucketMs, functionName);
  const buckets = Array.from({ length: count }, (_, bucket) =>
    rows.filter((row) => row.bucket === bucket),
  );
  return {
    timeSeries: buckets.map((bucket, index) => {
      const all = sumCalls(bucket);
      return {
        timestamp: window.since + index * bucketMs,
        callCount: all.calls,
        errorCount: all.failed,
        avgLatency: averageMs(all),
        p95Latency: percentile(all.latencies, 0.95),
        successRate: successRate(all),
      };
    }),
    trends: trendsOf(buckets, bucketMs, window.until - window.since),
  };
}

/**
 * The second half of the window against the first: of an odd number of buckets the one in the middle is in neither. The last
 * bucket is not over yet.
 */
function trendsOf(buckets: readonly CallSums[][], bucketMs: number, windowMs: number) {
  const half = Math.floor(buckets.length / 2);
  const before = sumCalls(buckets.slice(0, half).flat());
  const after = sumCalls(buckets.slice(buckets.length - half).flat());
  const afterMs = windowMs - (buckets.length - half) * bucketMs;
  const isKnown = before.calls > 0 && after.calls > 0;
  const costOf = (from: number, to: number) =>
    isKnown ? directions[changeOf(from, to)] : directions.same;
  return {
    latencyTrend: costOf(averageMs(before), averageMs(after)),
    errorTrend: costOf(1 - successRate(before), 1 - successRate(after)),
    throughputTrend: amounts[changeOf(before.calls * afterMs, after.calls * half * bucketMs)],
  };
}

type Change = "less" | "same" | "more";

const directions = { less: "improving", same: "stable", more: "degrading" } as const;
const amounts = { less: "decreasing", same: "stable", more: "increasing" } as const;

function changeOf(before: number, after: number): Change {
  if (Math.abs(after - before) <= leastChange * before) return "same";
  return after > before ? "more" : "less";
}
