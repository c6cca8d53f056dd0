import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { mutation } from "../../runtime/builders.ts";
import { changePlan } from "../../users/changePlan.ts";
import { userOrAdmin } from "../../users/permission.ts";
import { upsertUser as upsert } from "../../users/upsertUser.ts";

export const upsertUser = mutation({
  permission: userOrAdmin,
  summary: "upsertUser",
  description:
    "Stores the caller's e-mail address and name and returns the user's id. `workosUserId` must be the subject of " +
    "the caller's token, else FORBIDDEN; an address or name the token itself carries wins over the argument, and an address " +
    "that the token does not verify is shown and lets nobody into a meeting. " +
    "`orgId` and `orgRole` are accepted and ignored: organisation, role and plan come from the token or an " +
    "administrator. With the administration key it stores anybody's user, the organisation included; what is " +
    "left out stays as it is.",
  args: {
    displayName: v.optional(v.string()),
    email: v.string(),
    orgId: v.optional(v.string()),
    orgRole: v.optional(v.string()),
    workosUserId: v.string(),
  },
  returns: v.id("users"),
  handler: ({ tx, services, identity }, args) => upsert(tx, services.config, identity, args),
});

export const setPlan = mutation({
  permission: can.admin,
  summary: "setPlan",
  description:
    "Extension, not in the published API. Sets the plan of a user or of an organisation, exactly one of which is " +
    "given; an organisation's plan counts for all its users. Meetings keep the tier they were created with. " +
    "For the administration key.",
  args: {
    orgId: v.optional(v.string()),
    plan: v.union(v.literal("free"), v.literal("paid")),
    userId: v.optional(v.id("users")),
  },
  returns: v.null(),
  handler: async ({ tx }, args) => {
    await changePlan(tx, args);
    return null;
  },
});
