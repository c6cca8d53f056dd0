import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { query } from "../../runtime/builders.ts";
import { checkPermissions, refreshPermissions } from "../../subscriptions/permissions.ts";
import { resourcePermission } from "../../subscriptions/validators.ts";

export const validateSubscriptionPermissions = query({
  permission: can.user,
  summary: "validateSubscriptionPermissions",
  description:
    "What the caller may do with a part of a meeting, `resourceId`: `meetingNotes`, `transcripts`, `meetingParticipants` " +
    "or `participants`. `granted` = all of `requiredPermissions`. Somebody who is not in the meeting, and any other type, " +
    "is no refusal: nothing is granted, and `metadata.error` says why.",
  args: {
    requiredPermissions: v.array(resourcePermission),
    resourceId: v.id("meetings"),
    resourceType: v.string(),
  },
  returns: v.object({
    granted: v.boolean(),
    metadata: v.object({ error: v.optional(v.string()) }),
    permissions: v.array(v.string()),
  }),
  handler: ({ tx, grant }, args) => checkPermissions(tx, grant.user.id, args),
});

export const refreshSubscriptionPermissions = query({
  permission: can.user,
  summary: "refreshSubscriptionPermissions",
  description:
    "What the caller may do now with each of up to 100 parts of meetings, in their order, and whether a subscription to it " +
    "is valid. `reason` says why it is not, or that the permissions are others than those sent. What `lastValidated` says " +
    "makes no difference: everything is looked at anew. More than 100 fail with VALIDATION_ERROR and `limit`.",
  args: {
    subscriptions: v.array(
      v.object({
        lastValidated: v.number(),
        permissions: v.array(v.string()),
        resourceId: v.id("meetings"),
        resourceType: v.string(),
      }),
    ),
  },
  returns: v.array(
    v.object({
      reason: v.optional(v.string()),
      resourceId: v.id("meetings"),
      resourceType: v.string(),
      updatedPermissions: v.array(v.string()),
      valid: v.boolean(),
    }),
  ),
  handler: ({ tx, grant }, { subscriptions }) =>
    refreshPermissions(tx, grant.user.id, subscriptions),
});
