import { type ReadTx, statement } from "../db/port.ts";

export interface DeliveryBacklog {
  /** Deliveries that are still to be made, the ones between two attempts included. */
  waiting: number;
  /** Since the oldest of their events, s; 0 when there is none. */
  oldestSeconds: number;
}

/** To a disabled endpoint nothing is sent. */
const backlog = statement<DeliveryBacklog>(
  "webhooks.backlog",
  `SELECT count(*) AS waiting,
     coalesce(extract(epoch FROM app_now() - min(v.created_at)), 0)::float8 AS "oldestSeconds"
   FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id
     JOIN webhook_events v ON v.id = d.event_id
   WHERE d.state = 'pending' AND e.enabled`,
);

/** What endpoints of all organisations have not been told yet. */
export async function deliveryBacklog(tx: ReadTx): Promise<DeliveryBacklog> {
  return (await tx.first(backlog)) ?? { waiting: 0, oldestSeconds: 0 };
}
