import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { orThrow } from "../../core/result.ts";
import { pageLength } from "../../core/wholeNumber.ts";
import { query } from "../../runtime/builders.ts";
import { listDeliveries as deliveries } from "../../webhooks/deliveries.ts";
import { listEndpoints as endpoints } from "../../webhooks/endpoints.ts";
import { delivery, endpoint } from "../../webhooks/validators.ts";
import { deliveryView, endpointView } from "../../webhooks/views.ts";

const permission = can.orgAdmin("orgId");
const tags = ["System"] as const;

export const listEndpoints = query({
  permission,
  summary: "listEndpoints",
  description:
    "Extension, not in the published API. The organisation's webhook endpoints, oldest first, without their secrets. " +
    "`disabledReason` is `gone` where the receiver has answered 410, else `admin`. `orgId` is needed with the " +
    "administration key only.",
  tags,
  args: { orgId: v.optional(v.string()) },
  returns: v.array(endpoint),
  handler: async ({ tx, grant }) => (await endpoints(tx, grant.orgId)).map(endpointView),
});

export const listDeliveries = query({
  permission,
  summary: "listDeliveries",
  description:
    "Extension, not in the published API. What was sent to an endpoint in the last 30 days and what became of it, newest " +
    "first, 20 unless `limit` (1 to 100) says otherwise. `dead` = given up after ten attempts. `orgId` is needed with " +
    "the administration key only.",
  tags,
  args: { orgId: v.optional(v.string()), endpointId: v.string(), limit: v.optional(v.number()) },
  returns: v.array(delivery),
  handler: async ({ tx, grant }, { endpointId, limit }) => {
    const wanted = orThrow(pageLength(limit, 20));
    return (await deliveries(tx, grant.orgId, endpointId, wanted)).map(deliveryView);
  },
});
