import type { Plan, User } from "../auth/identity.ts";
import { effectivePlan } from "../auth/plans.ts";
import { orThrow } from "../core/result.ts";
import { wholeNumber } from "../core/wholeNumber.ts";
import { type ReadTx, statement } from "../db/port.ts";
import { liveNodes } from "./nodes.ts";

export type RequestType = "query" | "mutation" | "subscription";

/** What a client should need in a minute. */
interface Budget {
  tier: string;
  requests: number;
  subscriptions: number;
  bytes: number;
}

const mebibyte = 2 ** 20;
const minuteMs = 60_000;

/** As published. */
const budgets: Readonly<Record<Plan, Budget>> = {
  paid: { tier: "premium", requests: 1000, subscriptions: 50, bytes: 10 * mebibyte },
  free: { tier: "standard", requests: 300, subscriptions: 20, bytes: 5 * mebibyte },
};

interface Usage {
  requests: number;
  bytes: number;
  subscriptions: number;
  /** Beginning of the minute, and what the time is; epoch ms. */
  windowStart: number;
  now: number;
}

const usageOfUser = statement<Usage>(
  "figures.usageOfUser",
  `SELECT COALESCE(sum(m.requests), 0) AS requests, COALESCE(sum(m.bytes), 0)::bigint AS bytes,
     (SELECT count(*) FROM subscriptions s WHERE s.user_id = $1 AND s.valid_until > n.now) AS subscriptions,
     date_trunc('minute', n.now) AS "windowStart", n.now
   FROM (SELECT app_now() AS now) n
   LEFT JOIN user_minutes m ON m.user_id = $1 AND m.minute = date_trunc('minute', n.now)
   GROUP BY n.now`,
);

const usageOfAll = statement<Pick<Usage, "requests" | "bytes" | "windowStart">>(
  "figures.usageOfAll",
  `SELECT COALESCE(sum(m.requests), 0) AS requests, COALESCE(sum(m.bytes), 0)::bigint AS bytes,
     date_trunc('minute', n.now) AS "windowStart"
   FROM (SELECT app_now() AS now) n LEFT JOIN node_minutes m ON m.minute = date_trunc('minute', n.now)
   GROUP BY n.now`,
);

async function usage(tx: ReadTx, user: User): Promise<Usage> {
  tx.reads("figures:nodes", `subscriptions:${user.id}`);
  const found = await tx.first(usageOfUser, [user.id]);
  if (!found) throw new Error("a sum of nothing is a row all the same");
  return found;
}

interface Wish {
  requestType: RequestType;
  estimatedBytes?: number;
}

/**
 * Whether one more request fits what a client of the user's plan should need in a minute, on all nodes together.
 * @throws AppError VALIDATION_ERROR (`estimatedBytes`)
 */
export async function checkBudget(
  tx: ReadTx,
  user: User,
  { requestType, estimatedBytes = 0 }: Wish,
  defaultPlan: Plan,
) {
  orThrow(wholeNumber("estimatedBytes", estimatedBytes, { min: 0 }));
  const budget = budgets[await effectivePlan(tx, user, defaultPlan)];
  const { requests, bytes, subscriptions, windowStart, now } = await usage(tx, user);
  const state = {
    userTier: budget.tier,
    currentUsage: { requests, bytes, subscriptions },
  };
  const retryAfterMs = Math.max(1, windowStart + minuteMs - now);
  if (requests + 1 > budget.requests) {
    const reason = `${budget.requests} requests a minute`;
    return { allowed: false, reason, retryAfterMs, ...state };
  }
  if (bytes + estimatedBytes > budget.bytes) {
    const reason = `${budget.bytes} bytes a minute`;
    // What is larger than a whole minute's never fits.
    return {
      allowed: false,
      reason,
      ...(estimatedBytes <= budget.bytes && { retryAfterMs }),
      ...state,
    };
  }
  if (requestType === "subscription" && subscriptions + 1 > budget.subscriptions) {
    const reason = `${budget.subscriptions} subscriptions at once`;
    return { allowed: false, reason, ...state };
  }
  return { allowed: true, ...state };
}

/** What the user has used in this minute, on all nodes; and everybody together. */
export async function bandwidth(
  tx: ReadTx,
  user: User,
  { includeGlobal = false }: { includeGlobal?: boolean },
  defaultPlan: Plan,
) {
  const { requests, bytes, subscriptions, windowStart } = await usage(tx, user);
  const userStats = {
    requestCount: requests,
    bytesTransferred: bytes,
    subscriptionCount: subscriptions,
    priority: budgets[await effectivePlan(tx, user, defaultPlan)].tier,
    windowStart,
  };
  return includeGlobal ? { userStats, globalStats: await everybody(tx) } : { userStats };
}

async function everybody(tx: ReadTx) {
  const found = await tx.first(usageOfAll);
  if (!found) throw new Error("a sum of nothing is a row all the same");
  const nodes = await liveNodes(tx);
  return {
    totalRequests: found.requests,
    totalBytesTransferred: found.bytes,
    totalSubscriptions: nodes.reduce((sum, { gauges }) => sum + gauges.subscriptions, 0),
    windowStart: found.windowStart,
  };
}
