import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import type { OrgGrant } from "../../auth/permission.ts";
import { mutation } from "../../runtime/builders.ts";
import { replayDelivery as replay, sendTestEvent as sendTest } from "../../webhooks/deliveries.ts";
import {
  type Asking,
  createEndpoint as create,
  deleteEndpoint as remove,
  rotateSecret as rotate,
  updateEndpoint as update,
} from "../../webhooks/endpoints.ts";
import { createdEndpoint, endpoint, webhookType } from "../../webhooks/validators.ts";
import { endpointView } from "../../webhooks/views.ts";

const permission = can.orgAdmin("orgId");
const tags = ["System"] as const;
/** Of the caller's own organisation unless the administration key names another. */
const orgId = v.optional(v.string());

const askingOf = ({ orgId, user }: OrgGrant): Asking => ({ orgId, actorUserId: user?.id });

export const createEndpoint = mutation({
  permission,
  summary: "createEndpoint",
  description:
    "Extension, not in the published API. Registers an address that is told what happens in the organisation's meetings, " +
    "as Standard Webhooks. `eventTypes` left out or empty means all, later ones too. The secret it answers with is told " +
    "this once. Fails with VALIDATION_ERROR for an address that is not https at port 443 and is not one of the operator's, " +
    "and with CONFLICT (`too_many_endpoints`) beyond 20. `orgId` is needed with the administration key only.",
  tags,
  args: {
    orgId,
    url: v.string(),
    description: v.optional(v.string()),
    eventTypes: v.optional(v.array(webhookType)),
  },
  returns: createdEndpoint,
  handler: async ({ tx, services, grant }, { url, description, eventTypes }) => {
    const request = { url, description, eventTypes };
    const origins = services.config.webhookOrigins ?? [];
    const created = await create(tx, askingOf(grant), request, origins);
    return { ...endpointView(created), secret: created.secret };
  },
});

export const updateEndpoint = mutation({
  permission,
  summary: "updateEndpoint",
  description:
    "Extension, not in the published API. Changes what is given of an endpoint. One that is enabled again is sent what " +
    "waited for it; while it is not, nothing new is kept for it. `orgId` is needed with the administration key only.",
  tags,
  args: {
    orgId,
    endpointId: v.string(),
    url: v.optional(v.string()),
    description: v.optional(v.string()),
    eventTypes: v.optional(v.array(webhookType)),
    enabled: v.optional(v.boolean()),
  },
  returns: endpoint,
  handler: async ({ tx, services, grant }, { endpointId, orgId: _, ...change }) => {
    const origins = services.config.webhookOrigins ?? [];
    return endpointView(await update(tx, askingOf(grant), endpointId, change, origins));
  },
});

export const deleteEndpoint = mutation({
  permission,
  summary: "deleteEndpoint",
  description:
    "Extension, not in the published API. Removes an endpoint with its secrets and what was on its way to it. " +
    "`orgId` is needed with the administration key only.",
  tags,
  args: { orgId, endpointId: v.string() },
  returns: v.null(),
  handler: async ({ tx, grant }, { endpointId }) => {
    await remove(tx, askingOf(grant), endpointId);
    return null;
  },
});

export const rotateSecret = mutation({
  permission,
  summary: "rotateSecret",
  description:
    "Extension, not in the published API. Gives an endpoint another secret, which is told this once. For 24 hours each " +
    "message is signed with the old one too; one from before that signs no more at once. `orgId` is needed with the " +
    "administration key only.",
  tags,
  args: { orgId, endpointId: v.string() },
  returns: v.object({ secret: v.string(), previousSecretUntil: v.optional(v.number()) }),
  handler: async ({ tx, grant }, { endpointId }) => {
    const { secret, previousUntil } = await rotate(tx, askingOf(grant), endpointId);
    return { secret, ...(previousUntil === null ? {} : { previousSecretUntil: previousUntil }) };
  },
});

export const sendTestEvent = mutation({
  permission,
  summary: "sendTestEvent",
  description:
    "Extension, not in the published API. Sends an endpoint an event of the type `webhook.test`, whatever types it wants; " +
    "listDeliveries tells what became of it. Fails with CONFLICT when the endpoint is disabled. `orgId` is needed with " +
    "the administration key only.",
  tags,
  args: { orgId, endpointId: v.string() },
  returns: v.object({ eventId: v.string() }),
  callsPerMinute: 60,
  handler: async ({ tx, grant }, { endpointId }) => ({
    eventId: await sendTest(tx, askingOf(grant), endpointId),
  }),
});

export const replayDelivery = mutation({
  permission,
  summary: "replayDelivery",
  description:
    "Extension, not in the published API. Sends an event to an endpoint again at once, under the same `webhook-id`, also " +
    "one that was delivered or given up; events are kept for 30 days. Fails with CONFLICT when the endpoint is disabled. " +
    "`orgId` is needed with the administration key only.",
  tags,
  args: { orgId, endpointId: v.string(), eventId: v.string() },
  returns: v.null(),
  callsPerMinute: 600,
  handler: async ({ tx, grant }, { endpointId, eventId }) => {
    await replay(tx, askingOf(grant), endpointId, eventId);
    return null;
  },
});
