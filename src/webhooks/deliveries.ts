import { AppError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import { type ReadTx, statement, type Tx } from "../db/port.ts";
import { type Delivery, deliveryColumns } from "./delivery.ts";
import { type Asking, note, requireEndpoint } from "./endpoints.ts";
import { testType } from "./eventTypes.ts";

/** Ids are in the order of time. */
const list = statement<Delivery>(
  "webhooks.listDeliveries",
  `SELECT ${deliveryColumns} FROM webhook_deliveries d JOIN webhook_events v ON v.id = d.event_id
   WHERE d.endpoint_id = $1 ORDER BY d.event_id DESC LIMIT $2`,
);

const insertTest = statement(
  "webhooks.insertTest",
  `WITH event AS (
     INSERT INTO webhook_events (id, org_id, type, sequence, data)
     VALUES ($1, $2, '${testType}', 0, $4::jsonb) RETURNING id
   )
   INSERT INTO webhook_deliveries (endpoint_id, event_id) SELECT $3, event.id FROM event`,
);

const replay = statement(
  "webhooks.replay",
  `UPDATE webhook_deliveries SET state = 'pending', next_at = app_now(),
     attempts = CASE WHEN state = 'pending' THEN attempts ELSE 0 END
   WHERE endpoint_id = $1 AND event_id = $2`,
);

/** Newest first. @throws AppError NOT_FOUND */
export async function listDeliveries(
  tx: ReadTx,
  orgId: string,
  endpointId: string,
  limit: number,
): Promise<Delivery[]> {
  await requireEndpoint(tx, orgId, endpointId);
  return tx.all(list, [endpointId, limit]);
}

/**
 * Sends an endpoint an event that means nothing, whatever types it wants.
 * @returns the event's id
 * @throws AppError NOT_FOUND, CONFLICT when it is disabled
 */
export async function sendTestEvent(tx: Tx, asking: Asking, endpointId: string): Promise<string> {
  await requireEnabled(tx, asking.orgId, endpointId);
  const id = newId("webhookEvents");
  await tx.run(insertTest, [id, asking.orgId, endpointId, JSON.stringify({ endpointId })]);
  await note(tx, asking, endpointId, "webhook.test", { eventId: id });
  return id;
}

/**
 * Sends an event again at once, under the same id, whatever became of it before; given up ones get all their attempts anew.
 * @throws AppError NOT_FOUND (also when it was removed for its age), CONFLICT when the endpoint is disabled
 */
export async function replayDelivery(
  tx: Tx,
  asking: Asking,
  endpointId: string,
  eventId: string,
): Promise<void> {
  await requireEnabled(tx, asking.orgId, endpointId);
  if ((await tx.run(replay, [endpointId, eventId])) === 0)
    throw new AppError("NOT_FOUND", "This endpoint has no delivery of such an event", {
      id: eventId.slice(0, 64),
    });
  await note(tx, asking, endpointId, "webhook.replay", { eventId });
}

async function requireEnabled(tx: Tx, orgId: string, endpointId: string): Promise<void> {
  const { enabled, disabledReason } = await requireEndpoint(tx, orgId, endpointId);
  if (enabled) return;
  throw new AppError("CONFLICT", "The endpoint is disabled; enable it with updateEndpoint first", {
    id: endpointId,
    reason: disabledReason,
  });
}
