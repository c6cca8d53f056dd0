import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { bandwidth, checkBudget } from "../../monitoring/bandwidth.ts";
import { breakerStatus, probe, resetBreaker } from "../../monitoring/breakers.ts";
import { systemLoad } from "../../monitoring/load.ts";
import { action, mutation, query } from "../../runtime/builders.ts";
import { priority } from "../../subscriptions/validators.ts";

export const checkBandwidthLimit = query({
  permission: can.user,
  callsPerMinute: 120,
  summary: "checkBandwidthLimit",
  description:
    "Whether another request fits what a client should need in a minute: 1000 requests, 10 MiB and 50 subscriptions on the paid " +
    "plan (`premium`), 300, 5 MiB and 20 on the free one (`standard`). For clients that pace themselves: nothing is refused " +
    "because of it, each function has limits of its own. `currentUsage` is the caller's since the full minute, at all nodes, a " +
    "few seconds ago: requests, bytes sent and received, and subscriptions that are established. `reason` names what is used up, " +
    "`retryAfterMs` is absent where waiting does not help. 120 a minute.",
  args: {
    estimatedBytes: v.optional(v.number()),
    requestType: v.union(v.literal("query"), v.literal("mutation"), v.literal("subscription")),
  },
  returns: v.object({
    allowed: v.boolean(),
    currentUsage: v.object({
      bytes: v.number(),
      requests: v.number(),
      subscriptions: v.number(),
    }),
    reason: v.optional(v.string()),
    retryAfterMs: v.optional(v.number()),
    userTier: v.string(),
  }),
  handler: ({ tx, grant, services }, wish) =>
    checkBudget(tx, grant.user, wish, services.config.defaultPlan),
});

export const getBandwidthStats = query({
  permission: can.user,
  callsPerMinute: 120,
  summary: "getBandwidthStats",
  description:
    "What the caller has asked for and been sent since the full minute (`windowStart`), at all nodes, as it was a few seconds " +
    "ago; `priority` is what checkBandwidthLimit calls `userTier`. With `includeGlobal` also everybody together; " +
    "`totalSubscriptions` are live queries that are watched. 120 a minute.",
  args: { includeGlobal: v.optional(v.boolean()) },
  returns: v.object({
    globalStats: v.optional(
      v.object({
        totalBytesTransferred: v.number(),
        totalRequests: v.number(),
        totalSubscriptions: v.number(),
        windowStart: v.number(),
      }),
    ),
    userStats: v.optional(
      v.object({
        bytesTransferred: v.number(),
        priority: v.string(),
        requestCount: v.number(),
        subscriptionCount: v.number(),
        windowStart: v.number(),
      }),
    ),
  }),
  handler: ({ tx, grant, services }, asked) =>
    bandwidth(tx, grant.user, asked, services.config.defaultPlan),
});

export const executeWithCircuitBreaker = action({
  permission: can.anyOrgAdmin,
  callsPerMinute: 30,
  summary: "executeWithCircuitBreaker",
  description:
    "Tries a service through its breaker: the video provider is asked how a recording stands that does not exist. " +
    "`serviceName` is that operation's, `embedded.recordingState` or `getstream.recordingState`; all others change something and " +
    "are refused with VALIDATION_ERROR, those that do not exist with NOT_FOUND. `success` is false, with the `error`, where the " +
    "provider does not answer or its breaker is open. `circuitState` is that of the node that answers, `operationId` comes back in " +
    "`result`. `failureThreshold` and `recoveryTimeMs` make no difference: breakers are shared. For administrators, thirty a " +
    "minute.",
  args: {
    failureThreshold: v.optional(v.number()),
    operationId: v.string(),
    recoveryTimeMs: v.optional(v.number()),
    serviceName: v.string(),
  },
  returns: v.object({
    circuitState: v.string(),
    error: v.optional(v.string()),
    result: v.optional(v.object({ operationId: v.string(), timestamp: v.number() })),
    success: v.boolean(),
  }),
  handler: async ({ services, signal }, { operationId, serviceName }) => {
    const { circuitState, error } = await probe(services.video, serviceName, signal);
    if (error !== undefined) return { circuitState, success: false, error };
    const result = { operationId, timestamp: services.clock.now() };
    return { circuitState, success: true, result };
  },
});

export const getCircuitBreakerStatus = query({
  permission: can.user,
  callsPerMinute: 120,
  summary: "getCircuitBreakerStatus",
  description:
    "The circuit breakers between the server and its video provider, one for each operation: `closed`, `half-open` or `open`. " +
    "Each node has its own; told is the state where it is worst, and how many failures count at all nodes together. As it was a " +
    "few seconds ago. 120 a minute.",
  args: {},
  returns: v.object({
    breakers: v.array(v.object({ failures: v.number(), service: v.string(), state: v.string() })),
    summary: v.object({
      closedBreakers: v.number(),
      halfOpenBreakers: v.number(),
      openBreakers: v.number(),
      totalBreakers: v.number(),
    }),
  }),
  handler: ({ tx }) => breakerStatus(tx),
});

export const resetCircuitBreaker = mutation({
  permission: can.anyOrgAdmin,
  callsPerMinute: 10,
  summary: "resetCircuitBreaker",
  description:
    "Closes a circuit breaker, by its `service` in getCircuitBreakerStatus, on every node within a few seconds. It opens again " +
    "if the provider still fails. NOT_FOUND for what is no breaker. For administrators, ten a minute.",
  args: { serviceName: v.string() },
  returns: v.object({ message: v.string(), success: v.boolean() }),
  handler: ({ tx, grant }, { serviceName }) => resetBreaker(tx, grant.user, serviceName),
});

export const shouldShedLoad = query({
  permission: can.user,
  callsPerMinute: 120,
  summary: "shouldShedLoad",
  description:
    "Whether a request of that priority had better wait, because a node's processors or memory are taken: low ones from 80 and " +
    "85 % on, normal ones from 90 and 92 %, high ones from 97 %, critical ones never. For clients that are considerate: nothing is " +
    "refused because of it. `cpuUsage` and `memoryUsage` are shares of the machine, 0 to 1, of the node where they are largest; " +
    "`activeConnections` are the live clients of all nodes, `queueDepth` their calls that are under way. As it was a few seconds " +
    "ago. 120 a minute.",
  args: { requestPriority: priority },
  returns: v.object({
    reason: v.optional(v.string()),
    shouldShed: v.boolean(),
    systemLoad: v.object({
      activeConnections: v.number(),
      cpuUsage: v.number(),
      memoryUsage: v.number(),
      queueDepth: v.number(),
    }),
  }),
  handler: ({ tx }, { requestPriority }) => systemLoad(tx, requestPriority),
});
