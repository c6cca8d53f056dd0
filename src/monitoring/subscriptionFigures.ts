import type { User } from "../auth/identity.ts";
import { type ReadTx, statement } from "../db/port.ts";
import type { Priority } from "../subscriptions/subscription.ts";
import { slowerThan } from "./latencies.ts";
import { liveNodes } from "./nodes.ts";
import { pushTargetMs } from "./objectives.ts";
import { pushes, windowOf } from "./window.ts";

/** An established subscription and what was told of it, times in epoch ms. */
interface Followed {
  subscriptionId: string;
  resourceType: string;
  priority: Priority;
  establishedAt: number;
  updatedAt: number | null;
  updates: number;
  failures: number;
  timed: number;
  latencyMs: number;
  late: number;
  now: number;
}

const columns = `s.subscription_id AS "subscriptionId", s.resource_type AS "resourceType", s.priority,
  s.established_at AS "establishedAt", s.updated_at AS "updatedAt", s.updates, s.failures, s.timed,
  s.latency_ms AS "latencyMs", s.late, app_now() AS now`;

const open = "s.valid_until > app_now()";
const ofOrg =
  "($1::text IS NULL OR u.org_id = $1) AND ($2::text IS NULL OR s.subscription_id = $2)";
const mostListed = 100;

const listOfUser = statement<Followed>(
  "figures.listSubscriptionsOfUser",
  `SELECT ${columns} FROM subscriptions s WHERE s.user_id = $1 AND ${open}
   ORDER BY s.established_at DESC, s.subscription_id`,
);

const listOfOrg = statement<Followed>(
  "figures.listSubscriptionsOfOrg",
  `SELECT ${columns} FROM subscriptions s JOIN users u ON u.id = s.user_id WHERE ${open} AND ${ofOrg}
   ORDER BY s.updated_at DESC NULLS LAST, s.established_at DESC, s.user_id, s.subscription_id LIMIT ${mostListed}`,
);

const sumOfOrg = statement<{ active: number; updates: number }>(
  "figures.sumSubscriptionsOfOrg",
  `SELECT count(*) AS active, COALESCE(sum(s.updates), 0) AS updates
   FROM subscriptions s JOIN users u ON u.id = s.user_id WHERE ${open} AND ${ofOrg}`,
);

function statsOf(followed: Followed) {
  const { establishedAt, updatedAt, updates, failures, timed, latencyMs, late, now } = followed;
  const durationMs = Math.max(0, now - establishedAt);
  return {
    durationMs,
    updateCount: updates,
    updatesPerSecond: durationMs > 0 ? (updates * 1000) / durationMs : 0,
    avgLatency: timed > 0 ? latencyMs / timed : 0,
    errors: failures,
    lastUpdate: updatedAt ?? establishedAt,
    // 95 % were in time.
    sloCompliant: late * 20 <= timed,
  };
}

function countBy<K extends string>(keys: readonly K[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}

/** The user's established subscriptions and what was told of each, by whichever node. */
export async function ownSubscriptions(tx: ReadTx, user: User) {
  tx.reads("figures:nodes", `subscriptions:${user.id}`);
  const all = await tx.all(listOfUser, [user.id]);
  return {
    totalActive: all.length,
    byPriority: countBy(all.map(({ priority }) => priority)),
    byResourceType: countBy(all.map(({ resourceType }) => resourceType)),
    performanceStats: all.map((one) => ({
      subscriptionId: one.subscriptionId,
      stats: statsOf(one),
    })),
  };
}

/**
 * What is told of the established subscriptions of an administrator's organisation, of everybody's without one, and of all live
 * queries in the last hour.
 */
export async function subscriptionMetrics(
  tx: ReadTx,
  orgId: string | undefined,
  { subscriptionId }: { subscriptionId?: string },
) {
  const whose = [orgId ?? null, subscriptionId ?? null];
  const nodes = await liveNodes(tx);
  const window = await windowOf(tx);
  const { updates, latencies } = await pushes(tx, window);
  const sum = await tx.first(sumOfOrg, whose);
  return {
    subscriptions: (await tx.all(listOfOrg, whose)).map((one) => ({
      subscriptionId: one.subscriptionId,
      ...statsOf(one),
    })),
    bandwidthStats: { activeSubscriptions: sum?.active ?? 0, totalUpdates: sum?.updates ?? 0 },
    globalStats: {
      totalActiveSubscriptions: nodes.reduce((all, { gauges }) => all + gauges.subscriptions, 0),
      totalUpdates: updates,
      avgUpdatesPerSecond: (updates * 1000) / (window.until - window.since),
      sloBreaches: slowerThan(latencies, pushTargetMs),
    },
  };
}
