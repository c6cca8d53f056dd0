import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { query } from "../../runtime/builders.ts";
import { ownView } from "../../users/view.ts";

export const getCurrentUser = query({
  permission: can.anyone,
  summary: "getCurrentUser",
  description: "The caller's own user, or null when nobody is signed in.",
  args: {},
  returns: v.union(
    v.object({
      _creationTime: v.number(),
      _id: v.id("users"),
      avatarUrl: v.optional(v.string()),
      createdAt: v.number(),
      displayName: v.optional(v.string()),
      email: v.string(),
      isActive: v.boolean(),
      lastSeenAt: v.optional(v.number()),
      onboardingComplete: v.optional(v.boolean()),
      onboardingCompletedAt: v.optional(v.number()),
      onboardingStartedAt: v.optional(v.number()),
      orgId: v.optional(v.string()),
      orgRole: v.optional(v.string()),
      updatedAt: v.number(),
      workosUserId: v.string(),
    }),
    v.null(),
  ),
  handler: ({ tx, grant }) => (grant.user ? ownView(tx, grant.user.id) : null),
});
