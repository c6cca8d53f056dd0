import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { recordCustomMetric as record } from "../../monitoring/customMetric.ts";
import {
  objectiveStatus,
  performanceByFunction,
  performanceMetrics,
} from "../../monitoring/performance.ts";
import { subscriptionMetrics } from "../../monitoring/subscriptionFigures.ts";
import { performanceTrends } from "../../monitoring/trends.ts";
import { mutation, query } from "../../runtime/builders.ts";

const permission = can.anyOrgAdmin;
const callsPerMinute = 120;

const common =
  "Of all nodes, also of those that have gone, a few seconds ago: the last `timeWindowMs` (a minute to a day; an hour unless said " +
  "otherwise) from the full minute on. Times are in ms, rates are shares, 0 to 1. Percentiles are exact at 120, 150 and 250 ms. What " +
  "a caller does wrong is no failure. For administrators of any organisation, 120 a minute.";

export const getPerformanceMetrics = query({
  permission,
  callsPerMinute,
  summary: "getPerformanceMetrics",
  description:
    "How the calls of all functions, or of `functionName`, went. `metrics` are some of them, the newest first, 50 unless `limit` " +
    "(1 to 100) says otherwise: of each node and minute those that failed and the slowest, 20 together; `traceId` is the call's " +
    "request id. `sloBreaches` are queries of more than 250 ms, and failures. `sloCompliance` is that of queries: 95 % within " +
    `120 ms, 99 % within 250 ms. ${common}`,
  args: {
    functionName: v.optional(v.string()),
    limit: v.optional(v.number()),
    timeWindowMs: v.optional(v.number()),
  },
  returns: v.object({
    aggregatedStats: v.object({
      avgExecutionTime: v.number(),
      count: v.number(),
      p50: v.number(),
      p95: v.number(),
      p99: v.number(),
      sloBreaches: v.number(),
      successRate: v.number(),
    }),
    metrics: v.array(
      v.object({
        errorType: v.optional(v.string()),
        executionTimeMs: v.number(),
        functionName: v.string(),
        success: v.boolean(),
        timestamp: v.number(),
        traceId: v.string(),
      }),
    ),
    sloCompliance: v.object({
      currentP95: v.number(),
      currentP99: v.number(),
      queryP95Compliant: v.boolean(),
      queryP99Compliant: v.boolean(),
      targetP95: v.number(),
      targetP99: v.number(),
    }),
  }),
  handler: ({ tx }, asked) => performanceMetrics(tx, asked),
});

export const getFunctionPerformanceBreakdown = query({
  permission,
  callsPerMinute,
  summary: "getFunctionPerformanceBreakdown",
  description:
    "How the calls of each function went, those called most first; live queries that run again by themselves are calls too. " +
    "`sloCompliant`: 99 % do not fail, and of a query 95 % take at most 120 ms and 99 % at most 250 ms. `sloBreaches` are " +
    `queries of more than 250 ms, and failures. ${common}`,
  args: { timeWindowMs: v.optional(v.number()) },
  returns: v.object({
    functions: v.array(
      v.object({
        avgExecutionTime: v.number(),
        callCount: v.number(),
        errorCount: v.number(),
        functionName: v.string(),
        p95ExecutionTime: v.number(),
        p99ExecutionTime: v.number(),
        sloBreaches: v.number(),
        sloCompliant: v.boolean(),
        successRate: v.number(),
      }),
    ),
    summary: v.object({
      overallSuccessRate: v.number(),
      sloComplianceRate: v.number(),
      sloCompliantFunctions: v.number(),
      totalCalls: v.number(),
      totalFunctions: v.number(),
    }),
  }),
  handler: ({ tx }, asked) => performanceByFunction(tx, asked),
});

export const getSubscriptionMetrics = query({
  permission,
  callsPerMinute,
  summary: "getSubscriptionMetrics",
  description:
    "`subscriptions` are those that people of the administrator's organisation have established (with the administration key, " +
    "anybody) and what was told of each, or those called `subscriptionId`: up to 100, those told of last first, each as in " +
    "getSubscriptionStats; `bandwidthStats` are all such together. `globalStats` are the live queries that are watched at all " +
    "nodes, whoever's they are, and what was told of them in the last hour; `sloBreaches` took more than 150 ms from the commit. As it " +
    "was a few seconds ago. For administrators of any organisation, 120 a minute.",
  args: { subscriptionId: v.optional(v.string()) },
  returns: v.object({
    bandwidthStats: v.object({ activeSubscriptions: v.number(), totalUpdates: v.number() }),
    globalStats: v.object({
      avgUpdatesPerSecond: v.number(),
      sloBreaches: v.number(),
      totalActiveSubscriptions: v.number(),
      totalUpdates: v.number(),
    }),
    subscriptions: v.array(
      v.object({
        avgLatency: v.number(),
        durationMs: v.number(),
        errors: v.number(),
        lastUpdate: v.number(),
        sloCompliant: v.boolean(),
        subscriptionId: v.string(),
        updateCount: v.number(),
        updatesPerSecond: v.number(),
      }),
    ),
  }),
  handler: ({ tx, grant }, asked) => subscriptionMetrics(tx, grant.user?.orgId, asked),
});

const health = v.union(v.literal("healthy"), v.literal("warning"), v.literal("critical"));

export const getSLOStatus = query({
  permission,
  callsPerMinute,
  summary: "getSLOStatus",
  description:
    "How what is promised is kept: `query_p95` (120 ms), `query_p99` (250 ms), `subscription_push_p95` (150 ms from a commit until " +
    "its changes are sent to a live client) and `success_rate` (0.99). `breachCount` counts those above a time, and failures. Up to " +
    "half above a time, and success of 0.95 and more, is a `warning`, beyond it is `critical`; each such has an alert. " +
    `\`score\` is the share of the four that is kept. ${common}`,
  args: { timeWindowMs: v.optional(v.number()) },
  returns: v.object({
    alerts: v.array(
      v.object({
        message: v.string(),
        severity: v.union(v.literal("warning"), v.literal("critical")),
        sloName: v.string(),
        timestamp: v.number(),
      }),
    ),
    overall: v.object({
      breaches: v.number(),
      score: v.number(),
      status: health,
      totalChecks: v.number(),
    }),
    slos: v.array(
      v.object({
        breachCount: v.number(),
        current: v.number(),
        description: v.string(),
        name: v.string(),
        status: health,
        target: v.number(),
      }),
    ),
  }),
  handler: ({ tx }, asked) => objectiveStatus(tx, asked),
});

const cost = v.union(v.literal("improving"), v.literal("stable"), v.literal("degrading"));

export const getPerformanceTrends = query({
  permission,
  callsPerMinute,
  summary: "getPerformanceTrends",
  description:
    "How the calls of all functions, or of `functionName`, went over time, in stretches of `bucketSizeMs` (full minutes, 300 of " +
    "them in the window at most; five minutes unless said otherwise), also of those without a call. `trends` hold the second half of " +
    `the window against the first: less than a tenth up or down is \`stable\`. ${common}`,
  args: {
    bucketSizeMs: v.optional(v.number()),
    functionName: v.optional(v.string()),
    timeWindowMs: v.optional(v.number()),
  },
  returns: v.object({
    timeSeries: v.array(
      v.object({
        avgLatency: v.number(),
        callCount: v.number(),
        errorCount: v.number(),
        p95Latency: v.number(),
        successRate: v.number(),
        timestamp: v.number(),
      }),
    ),
    trends: v.object({
      errorTrend: cost,
      latencyTrend: cost,
      throughputTrend: v.union(
        v.literal("increasing"),
        v.literal("stable"),
        v.literal("decreasing"),
      ),
    }),
  }),
  handler: ({ tx }, asked) => performanceTrends(tx, asked),
});

export const recordCustomMetric = mutation({
  permission,
  callsPerMinute: 60,
  summary: "recordCustomMetric",
  description:
    "Notes a measurement in the audit log, as `custom_metric_recorded` of a `metric`: a name (1 to 128 visible ASCII characters), a " +
    "finite `value`, and up to 20 `tags` of 128 characters. getAuditLogs tells it to administrators of the organisation. For " +
    "administrators, sixty a minute.",
  args: {
    metricName: v.string(),
    tags: v.optional(v.record(v.string(), v.string())),
    timestamp: v.optional(v.number()),
    value: v.number(),
  },
  returns: v.null(),
  handler: async ({ tx, grant }, metric) => {
    await record(tx, grant.user, metric);
    return null;
  },
});
