import { recordAudit } from "../audit/record.ts";
import { AppError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import { orThrow } from "../core/result.ts";
import { displayProblem } from "../core/text/displayText.ts";
import { type ReadTx, statement, type Tx } from "../db/port.ts";
import { endpointUrl } from "./address.ts";
import { type Endpoint, endpointColumns } from "./endpoint.ts";
import type { WebhookType } from "./eventTypes.ts";
import { newSecret } from "./signature.ts";

/** Endpoints of one organisation. */
const maxEndpoints = 20;
const maxDescriptionLength = 200;
/** How long the secret before a rotation signs too. */
const changeOver = "24 hours";

/** Whose endpoints, and who asks. */
export interface Asking {
  orgId: string;
  /** Absent = the administration key. */
  actorUserId: string | undefined;
}

const takeTurns = statement(
  "webhooks.takeTurns",
  "SELECT pg_advisory_xact_lock(hashtextextended('webhooks:' || $1::text, 0))",
);

const countEndpoints = statement<{ count: number }>(
  "webhooks.countEndpoints",
  "SELECT count(*) AS count FROM webhook_endpoints WHERE org_id = $1",
);

const insert = statement<Endpoint>(
  "webhooks.insertEndpoint",
  `INSERT INTO webhook_endpoints AS e (id, org_id, url, description, event_types, secret, created_by)
   VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING ${endpointColumns}`,
);

const find = statement<Endpoint>(
  "webhooks.findEndpoint",
  `SELECT ${endpointColumns} FROM webhook_endpoints e WHERE e.org_id = $1 AND e.id = $2`,
);

const list = statement<Endpoint>(
  "webhooks.listEndpoints",
  `SELECT ${endpointColumns} FROM webhook_endpoints e WHERE e.org_id = $1 ORDER BY e.created_at, e.id`,
);

const update = statement<Endpoint>(
  "webhooks.updateEndpoint",
  `UPDATE webhook_endpoints e SET url = coalesce($3, url), description = coalesce($4, description),
     event_types = coalesce($5, event_types), enabled = coalesce($6, enabled),
     disabled_reason = CASE WHEN $6 THEN NULL WHEN NOT $6 THEN coalesce(disabled_reason, 'admin')
       ELSE disabled_reason END,
     updated_at = app_now()
   WHERE e.org_id = $1 AND e.id = $2 RETURNING ${endpointColumns}`,
);

const remove = statement(
  "webhooks.deleteEndpoint",
  "DELETE FROM webhook_endpoints WHERE org_id = $1 AND id = $2",
);

const rotate = statement<Endpoint>(
  "webhooks.rotateSecret",
  `UPDATE webhook_endpoints e SET previous_secret = secret,
     previous_until = app_now() + interval '${changeOver}', secret = $3, updated_at = app_now()
   WHERE e.org_id = $1 AND e.id = $2 RETURNING ${endpointColumns}`,
);

interface EndpointRequest {
  url: string;
  description?: string | undefined;
  eventTypes?: readonly WebhookType[] | undefined;
}

/**
 * Registers an endpoint, whose secret is told this once.
 * @throws AppError VALIDATION_ERROR with `field`, CONFLICT `too_many_endpoints`
 */
export async function createEndpoint(
  tx: Tx,
  asking: Asking,
  request: EndpointRequest,
  operatorOrigins: readonly string[],
): Promise<Endpoint & { secret: string }> {
  const { href } = orThrow(endpointUrl(request.url, operatorOrigins));
  const { orgId, actorUserId = null } = asking;
  const description = described(request.description);
  await tx.run(takeTurns, [orgId]);
  const counted = await tx.first(countEndpoints, [orgId]);
  if ((counted?.count ?? 0) >= maxEndpoints) throw tooMany();
  const id = newId("webhookEndpoints");
  const secret = newSecret();
  const types = distinct(request.eventTypes ?? []);
  const values = [id, orgId, href, description, types, secret, actorUserId];
  const endpoint = present(await tx.first(insert, values), id);
  await note(tx, asking, id, "webhook.create", { host: new URL(href).host });
  return { ...endpoint, secret };
}

/** @throws AppError NOT_FOUND, also for another organisation's */
export async function requireEndpoint(tx: ReadTx, orgId: string, id: string): Promise<Endpoint> {
  tx.reads(`webhooks:${orgId}`);
  return present(await tx.first(find, [orgId, id]), id);
}

/** Oldest first. */
export function listEndpoints(tx: ReadTx, orgId: string): Promise<Endpoint[]> {
  tx.reads(`webhooks:${orgId}`);
  return tx.all(list, [orgId]);
}

/**
 * Changes what is given. An endpoint that is enabled again is sent what waited for it.
 * @throws AppError NOT_FOUND, VALIDATION_ERROR with `field`
 */
export async function updateEndpoint(
  tx: Tx,
  asking: Asking,
  id: string,
  change: Partial<EndpointRequest> & { enabled?: boolean | undefined },
  operatorOrigins: readonly string[],
): Promise<Endpoint> {
  const url =
    change.url === undefined ? null : orThrow(endpointUrl(change.url, operatorOrigins)).href;
  const types = change.eventTypes === undefined ? null : distinct(change.eventTypes);
  const { enabled = null } = change;
  const values = [asking.orgId, id, url, described(change.description), types, enabled];
  const endpoint = present(await tx.first(update, values), id);
  await note(tx, asking, id, "webhook.update", {
    host: new URL(endpoint.url).host,
    enabled: endpoint.enabled,
  });
  return endpoint;
}

/** Removes an endpoint, its secrets, and what was on its way to it. @throws AppError NOT_FOUND */
export async function deleteEndpoint(tx: Tx, asking: Asking, id: string): Promise<void> {
  if ((await tx.run(remove, [asking.orgId, id])) === 0) throw unknown(id);
  await note(tx, asking, id, "webhook.delete");
}

/** Gives an endpoint another secret, told this once; the old one signs too for 24 hours. @throws AppError NOT_FOUND */
export async function rotateSecret(
  tx: Tx,
  asking: Asking,
  id: string,
): Promise<{ secret: string; previousUntil: number | null }> {
  const secret = newSecret();
  const endpoint = present(await tx.first(rotate, [asking.orgId, id, secret]), id);
  await note(tx, asking, id, "webhook.rotate");
  return { secret, previousUntil: endpoint.previousUntil };
}

/** One audit entry; says that the organisation's webhooks have changed. */
export async function note(
  tx: Tx,
  { orgId, actorUserId }: Asking,
  id: string,
  action: string,
  metadata: Record<string, string | number | boolean | null> = {},
): Promise<void> {
  tx.writes(`webhooks:${orgId}`);
  const resource = { resourceType: "webhook", resourceId: id } as const;
  await recordAudit(tx, {
    ...{ actorUserId, orgId, ...resource, action },
    metadata: { orgId, ...metadata },
  });
}

const distinct = (types: readonly WebhookType[]): WebhookType[] => [...new Set(types)];

function described(description: string | undefined): string | null {
  if (description === undefined) return null;
  const field = { field: "description" };
  if (description.length > maxDescriptionLength) {
    const message = `The description may have ${maxDescriptionLength} characters at most`;
    throw new AppError("VALIDATION_ERROR", message, { ...field, limit: maxDescriptionLength });
  }
  const problem = description === "" ? undefined : displayProblem(description);
  if (problem !== undefined)
    throw new AppError("VALIDATION_ERROR", `The description ${problem}`, field);
  return description;
}

function present(endpoint: Endpoint | undefined, id: string): Endpoint {
  if (endpoint) return endpoint;
  throw unknown(id);
}

function unknown(id: string): AppError {
  return new AppError("NOT_FOUND", "Webhook endpoint not found", { id: id.slice(0, 64) });
}

function tooMany(): AppError {
  return new AppError(
    "CONFLICT",
    `An organisation has ${maxEndpoints} webhook endpoints at most; delete one first`,
    { reason: "too_many_endpoints", limit: maxEndpoints },
  );
}
