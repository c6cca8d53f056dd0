import { orThrow } from "../core/result.ts";
import { pageLength } from "../core/wholeNumber.ts";
import { type ReadTx, statement } from "../db/port.ts";
import type { CallExample } from "./examples.ts";
import { percentile } from "./latencies.ts";
import {
  averageMs,
  breachesOf,
  isCompliant,
  objectivesOf,
  queryCompliance,
  successRate,
  sumCalls,
} from "./objectives.ts";
import { callsByFunction, pushes, windowOf } from "./window.ts";

const listExamples = statement<CallExample>(
  "figures.listExamples",
  `SELECT e.fn, e."requestId", e.ms, e.at, e.failed, e.code
   FROM node_minutes m, jsonb_to_recordset(m.examples) AS e(fn text, "requestId" text, ms double precision,
     at double precision, failed boolean, code text)
   WHERE m.minute >= to_timestamp($1::double precision / 1000) AND ($2::text IS NULL OR e.fn = $2)
   ORDER BY e.at DESC, e."requestId" LIMIT $3`,
);

const usualExamples = 50;

interface Asked {
  functionName?: string;
  timeWindowMs?: number;
}

/**
 * How the calls of all functions, or of one, went, and some of them.
 * @throws AppError VALIDATION_ERROR (`timeWindowMs`, `limit`)
 */
export async function performanceMetrics(
  tx: ReadTx,
  { functionName, timeWindowMs, limit }: Asked & { limit?: number },
) {
  const length = orThrow(pageLength(limit, usualExamples));
  const window = await windowOf(tx, timeWindowMs);
  const calls = await callsByFunction(tx, window, functionName);
  const examples = await tx.all(listExamples, [window.since, functionName ?? null, length]);
  const all = sumCalls(calls);
  return {
    metrics: examples.map(({ fn, requestId, ms, at, failed, code }) => ({
      functionName: fn,
      traceId: requestId,
      executionTimeMs: ms,
      timestamp: at,
      success: !failed,
      ...(code !== null && { errorType: code }),
    })),
    aggregatedStats: {
      count: all.calls,
      avgExecutionTime: averageMs(all),
      p50: percentile(all.latencies, 0.5),
      p95: percentile(all.latencies, 0.95),
      p99: percentile(all.latencies, 0.99),
      successRate: successRate(all),
      sloBreaches: breachesOf(calls),
    },
    sloCompliance: queryCompliance(calls),
  };
}

/** How the calls of each function went, those called most first. @throws AppError VALIDATION_ERROR (`timeWindowMs`) */
export async function performanceByFunction(tx: ReadTx, { timeWindowMs }: Asked) {
  const calls = await callsByFunction(tx, await windowOf(tx, timeWindowMs));
  const functions = calls
    .map((one) => ({
      functionName: one.fn,
      callCount: one.calls,
      errorCount: one.failed,
      avgExecutionTime: averageMs(one),
      p95ExecutionTime: percentile(one.latencies, 0.95),
      p99ExecutionTime: percentile(one.latencies, 0.99),
      successRate: successRate(one),
      sloBreaches: breachesOf([one]),
      sloCompliant: isCompliant([one]),
    }))
    .sort((a, b) => b.callCount - a.callCount);
  const compliant = functions.filter(({ sloCompliant }) => sloCompliant).length;
  const all = sumCalls(calls);
  return {
    functions,
    summary: {
      totalCalls: all.calls,
      totalFunctions: functions.length,
      overallSuccessRate: successRate(all),
      sloCompliantFunctions: compliant,
      sloComplianceRate: functions.length > 0 ? compliant / functions.length : 1,
    },
  };
}

/** How everything that is promised is kept. @throws AppError VALIDATION_ERROR (`timeWindowMs`) */
export async function objectiveStatus(tx: ReadTx, { timeWindowMs }: Asked) {
  const window = await windowOf(tx, timeWindowMs);
  const { latencies } = await pushes(tx, window);
  return objectivesOf(await callsByFunction(tx, window), latencies, window.until);
}
