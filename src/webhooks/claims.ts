import { recordAudit } from "../audit/record.ts";
import { type DataKey, statement, type Tx } from "../db/port.ts";
import type { Outcome } from "./attempt.ts";
import { pauseAfter } from "./schedule.ts";

/** A delivery that one node sends now. */
export interface Claim {
  eventId: string;
  endpointId: string;
  orgId: string;
  url: string;
  secret: string;
  /** Signs too while receivers change over. */
  previousSecret: string | null;
  type: string;
  sequence: number;
  data: Record<string, unknown>;
  /** Of the event, epoch ms. */
  createdAt: number;
  /** This one included. */
  attempts: number;
}

/** Sent to one endpoint at once, by all nodes together. */
const perEndpoint = 2;

/** Most looks find nothing: they cost one probe of an index. */
const anyDue = statement(
  "webhooks.anyDue",
  "SELECT 1 FROM webhook_deliveries WHERE state = 'pending' AND next_at <= app_now() LIMIT 1",
);

/** One node at a time: each must see what the last one took, or endpoints would get more than their share. */
const takeTurns = statement(
  "webhooks.takeTurnsClaiming",
  "SELECT pg_advisory_xact_lock(7205150003)",
);

/** Each endpoint's oldest, as many as it may have at once: one that hangs takes no more than its share. */
const claim = statement<Claim>(
  "webhooks.claim",
  `WITH due AS (
     SELECT e.id AS endpoint_id, d.event_id FROM webhook_endpoints e
     CROSS JOIN LATERAL (
       SELECT w.event_id, w.next_at FROM webhook_deliveries w
       WHERE w.endpoint_id = e.id AND w.state = 'pending' AND w.next_at <= app_now()
         AND (w.lease_until IS NULL OR w.lease_until < app_now())
       ORDER BY w.next_at, w.event_id
       LIMIT greatest(0, ${perEndpoint} - (
         SELECT count(*) FROM webhook_deliveries b WHERE b.endpoint_id = e.id
           AND b.state = 'pending' AND b.lease_until >= app_now()))
       FOR UPDATE SKIP LOCKED) d
     WHERE e.enabled ORDER BY d.next_at, d.event_id LIMIT $3
   )
   UPDATE webhook_deliveries d SET attempts = d.attempts + 1, last_attempt_at = app_now(),
     lease_owner = $1, lease_until = app_now() + $2 * interval '1 millisecond'
   FROM due JOIN webhook_endpoints e ON e.id = due.endpoint_id
     JOIN webhook_events v ON v.id = due.event_id
   WHERE d.endpoint_id = due.endpoint_id AND d.event_id = due.event_id
   RETURNING d.event_id AS "eventId", d.endpoint_id AS "endpointId", e.org_id AS "orgId", e.url,
     e.secret, CASE WHEN e.previous_until > app_now() THEN e.previous_secret END AS "previousSecret",
     v.type, v.sequence, v.data, v.created_at AS "createdAt", d.attempts`,
);

const settle = statement(
  "webhooks.settle",
  `UPDATE webhook_deliveries SET state = $4, last_status = $5, last_error = $6,
     next_at = app_now() + $7 * interval '1 millisecond', lease_owner = NULL, lease_until = NULL
   WHERE endpoint_id = $1 AND event_id = $2 AND lease_owner = $3 AND state = 'pending'`,
);

const release = statement(
  "webhooks.release",
  `UPDATE webhook_deliveries SET attempts = attempts - 1, lease_owner = NULL, lease_until = NULL
   WHERE endpoint_id = $1 AND event_id = $2 AND lease_owner = $3 AND state = 'pending'`,
);

const disable = statement(
  "webhooks.disable",
  `UPDATE webhook_endpoints SET enabled = false, disabled_reason = 'gone', updated_at = app_now()
   WHERE id = $1 AND enabled`,
);

/** Takes deliveries that are due, `limit` at most, for `leaseMs`: also those whose node has died over them. */
export async function claimDeliveries(
  tx: Tx,
  owner: string,
  { leaseMs, limit }: { leaseMs: number; limit: number },
): Promise<Claim[]> {
  if (!(await tx.first(anyDue))) return [];
  await tx.run(takeTurns);
  const claims = await tx.all(claim, [owner, leaseMs, limit]);
  tx.writes(...claims.map(({ orgId }): DataKey => `webhooks:${orgId}`));
  return claims;
}

/**
 * Notes what became of an attempt: delivered, tried again later, or given up. A receiver that is gone is not called any
 * more. Changes nothing where the delivery is no longer ours. `random` in [0, 1).
 */
export async function settleDelivery(
  tx: Tx,
  claimed: Claim,
  owner: string,
  outcome: Outcome,
  random: number,
): Promise<void> {
  const { endpointId, eventId, orgId } = claimed;
  const pauseMs =
    outcome.kind === "failed"
      ? pauseAfter(claimed.attempts, random, outcome.retryAfterMs)
      : undefined;
  const given = pauseMs === undefined ? "dead" : "pending";
  const state = outcome.kind === "delivered" ? "delivered" : given;
  const error = outcome.kind === "failed" ? outcome.error : null;
  const status = outcome.status ?? null;
  const values = [endpointId, eventId, owner, state, status, error, pauseMs ?? 0];
  if ((await tx.run(settle, values)) === 0) return;
  tx.writes(`webhooks:${orgId}`);
  if (outcome.kind !== "gone" || (await tx.run(disable, [endpointId])) === 0) return;
  const resource = { resourceType: "webhook", resourceId: endpointId } as const;
  await recordAudit(tx, { ...resource, orgId, action: "webhook.gone", metadata: { orgId } });
}

/** Gives a delivery back whose attempt was broken off by us; it may have arrived all the same. */
export async function releaseDelivery(tx: Tx, claimed: Claim, owner: string): Promise<void> {
  await tx.run(release, [claimed.endpointId, claimed.eventId, owner]);
  tx.writes(`webhooks:${claimed.orgId}`);
}
