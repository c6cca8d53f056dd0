import { v } from "convex/values";

/** The shapes of subscriptions on the wire. */
export const resourcePermission = v.union(
  v.literal("read"),
  v.literal("write"),
  v.literal("manage"),
  v.literal("export"),
  v.literal("invite"),
  v.literal("remove"),
);

export const priority = v.union(
  v.literal("critical"),
  v.literal("high"),
  v.literal("normal"),
  v.literal("low"),
);

/** How things stand with a subscription. */
export const validityFields = {
  permissions: v.array(v.string()),
  reason: v.optional(v.string()),
  shouldReconnect: v.boolean(),
  valid: v.boolean(),
  validUntil: v.optional(v.number()),
};

export const establishedValidity = v.object({
  ...validityFields,
  rateLimited: v.boolean(),
  resourceId: v.string(),
  resourceType: v.string(),
});
