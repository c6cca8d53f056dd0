import type { WebhookType } from "./eventTypes.ts";

/** An address that is told, as its organisation sees it; its secret is shown once. Times are epoch ms. */
export interface Endpoint {
  id: string;
  orgId: string;
  url: string;
  description: string | null;
  /** Empty = all. */
  eventTypes: WebhookType[];
  enabled: boolean;
  disabledReason: string | null;
  /** The secret before the last rotation signs too until then. */
  previousUntil: number | null;
  createdAt: number;
  updatedAt: number;
}

export const endpointColumns = `
  e.id, e.org_id AS "orgId", e.url, e.description, e.event_types AS "eventTypes", e.enabled,
  e.disabled_reason AS "disabledReason", e.previous_until AS "previousUntil",
  e.created_at AS "createdAt", e.updated_at AS "updatedAt"`;
