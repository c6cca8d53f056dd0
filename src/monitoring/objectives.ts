import { countOf, type Latencies, percentile, slowerThan, sumOf } from "./latencies.ts";

/** What is promised of the server, as it is published. */

/** 95 % and 99 % of queries are answered within these, ms. */
export const queryTargets = { p95: 120, p99: 250 };
/** 95 % of changes have reached a live client within this after the commit, ms. */
export const pushTargetMs = 150;
/** Share of calls that do not fail. What a caller does wrong is no failure. */
const successTarget = 0.99;

/** Calls of a function, or of several. */
export interface CallSums {
  kind: string;
  calls: number;
  failed: number;
  /** Of all of them together. */
  ms: number;
  latencies: Latencies;
}

/** Calls of different kinds together. */
export function sumCalls(all: readonly CallSums[]): Omit<CallSums, "kind"> {
  return {
    calls: all.reduce((sum, { calls }) => sum + calls, 0),
    failed: all.reduce((sum, { failed }) => sum + failed, 0),
    ms: all.reduce((sum, { ms }) => sum + ms, 0),
    latencies: sumOf(all.map(({ latencies }) => latencies)),
  };
}

export const averageMs = ({ calls, ms }: Pick<CallSums, "calls" | "ms">): number =>
  calls > 0 ? ms / calls : 0;

/** Share of the calls that did not fail, 0 to 1; of none, 1. */
export const successRate = ({ calls, failed }: Pick<CallSums, "calls" | "failed">): number =>
  calls > 0 ? (calls - failed) / calls : 1;

const queriesOf = (all: readonly CallSums[]) => all.filter(({ kind }) => kind === "query");

/** Calls outside of what is promised: queries of more than 250 ms, and what failed. */
export function breachesOf(all: readonly CallSums[]): number {
  const slow = slowerThan(sumCalls(queriesOf(all)).latencies, queryTargets.p99);
  const { calls, failed } = sumCalls(all);
  return Math.min(calls, slow + failed);
}

/** How queries keep to their time. */
export function queryCompliance(all: readonly CallSums[]) {
  const { latencies } = sumCalls(queriesOf(all));
  const currentP95 = percentile(latencies, 0.95);
  const currentP99 = percentile(latencies, 0.99);
  return {
    currentP95,
    currentP99,
    targetP95: queryTargets.p95,
    targetP99: queryTargets.p99,
    queryP95Compliant: currentP95 <= queryTargets.p95,
    queryP99Compliant: currentP99 <= queryTargets.p99,
  };
}

/** Whether all of this keeps to what is promised; only queries are promised a time. */
export function isCompliant(all: readonly CallSums[]): boolean {
  const { queryP95Compliant, queryP99Compliant } = queryCompliance(all);
  return queryP95Compliant && queryP99Compliant && successRate(sumCalls(all)) >= successTarget;
}

export type Health = "healthy" | "warning" | "critical";

interface Objective {
  name: string;
  description: string;
  target: number;
  current: number;
  /** How many did not keep to it, of how many. */
  breachCount: number;
  checks: number;
  status: Health;
}

const badness: readonly Health[] = ["healthy", "warning", "critical"];
/** How much longer than promised is no more than a warning. */
const tolerance = 1.5;
/** So many failures in all are no more than a warning. */
const tolerableSuccess = 0.95;

function timeObjective(
  name: string,
  description: string,
  latencies: Latencies,
  { share, target }: { share: number; target: number },
): Objective {
  const current = percentile(latencies, share);
  const late = current > target * tolerance ? "critical" : "warning";
  return {
    name,
    description,
    target,
    current,
    breachCount: slowerThan(latencies, target),
    checks: countOf(latencies),
    status: current <= target ? "healthy" : late,
  };
}

function successObjective(all: readonly CallSums[]): Objective {
  const { calls, failed } = sumCalls(all);
  const current = successRate({ calls, failed });
  const low = current < tolerableSuccess ? "critical" : "warning";
  return {
    name: "success_rate",
    description: "Share of calls that do not fail; what a caller does wrong is no failure",
    target: successTarget,
    current,
    breachCount: failed,
    checks: calls,
    status: current >= successTarget ? "healthy" : low,
  };
}

/**
 * How all that is promised is kept.
 * @param at epoch ms, for alerts
 */
export function objectivesOf(calls: readonly CallSums[], pushes: Latencies, at: number) {
  const queries = sumCalls(queriesOf(calls)).latencies;
  const objectives = [
    timeObjective("query_p95", "Time within which 95 % of queries are answered, ms", queries, {
      ...{ share: 0.95, target: queryTargets.p95 },
    }),
    timeObjective("query_p99", "Time within which 99 % of queries are answered, ms", queries, {
      ...{ share: 0.99, target: queryTargets.p99 },
    }),
    timeObjective(
      "subscription_push_p95",
      "Time from a commit within which 95 % of its changes are sent to live clients, ms",
      pushes,
      { share: 0.95, target: pushTargetMs },
    ),
    successObjective(calls),
  ];
  const sum = (measure: "breachCount" | "checks") =>
    objectives.reduce((total, objective) => total + objective[measure], 0);
  const kept = objectives.filter(({ status }) => status === "healthy").length;
  const worst = Math.max(...objectives.map(({ status }) => badness.indexOf(status)));
  return {
    slos: objectives.map(({ checks: _, ...told }) => told),
    overall: {
      status: badness[worst] ?? "healthy",
      score: kept / objectives.length,
      breaches: sum("breachCount"),
      totalChecks: sum("checks"),
    },
    alerts: objectives.flatMap(({ name, description, current, target, status }) => {
      if (status === "healthy") return [];
      const message = `${description}: ${round(current)} instead of ${target}`;
      return [{ sloName: name, severity: status, message, timestamp: at }];
    }),
  };
}

const round = (value: number) => Math.round(value * 1000) / 1000;
