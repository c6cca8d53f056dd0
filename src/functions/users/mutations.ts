import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { mutation } from "../../runtime/builders.ts";
import { changePlan } from "../../users/changePlan.ts";
import { deactivateUser as deactivate } from "../../users/deactivateUser.ts";
import { updateInterests } from "../../users/interests/updateInterests.ts";
import { saveOnboarding as save } from "../../users/onboarding/saveOnboarding.ts";
import { saveProfile } from "../../users/profiles/store.ts";
import { markSeen } from "../../users/store.ts";
import { upsertUser as upsert } from "../../users/upsertUser.ts";
import { gender, interestCategory } from "../../users/validators.ts";

export const upsertUser = mutation({
  permission: can.userOrAdmin,
  summary: "upsertUser",
  description:
    "Stores the caller's e-mail address and name and returns the user's id. `workosUserId` must be the subject of " +
    "the caller's token, else FORBIDDEN; an address or name the token itself carries wins over the argument, and an address " +
    "that the token does not verify is shown and lets nobody into a meeting. " +
    "`orgId` and `orgRole` are accepted and ignored: organisation, role and plan come from the token or an " +
    "administrator. A first profile is made of the name. With the administration key it stores anybody's user, the organisation included; what is " +
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

export const updateUserProfile = mutation({
  permission: can.selfOrOrgAdmin("userId"),
  summary: "updateUserProfile",
  description:
    "Changes a user's profile, or makes their first one, which needs `displayName`; returns its id. What is left out stays " +
    "as it is, an empty text takes away what was said. Fails with VALIDATION_ERROR and `field` for a blank name or one of " +
    "more than 200 characters, for more than 1,000 characters of anything else, and for more than 20 languages.",
  args: {
    bio: v.optional(v.string()),
    displayName: v.optional(v.string()),
    experience: v.optional(v.string()),
    goals: v.optional(v.string()),
    languages: v.optional(v.array(v.string())),
    userId: v.id("users"),
  },
  returns: v.id("profiles"),
  handler: ({ tx, grant }, { userId: _, ...change }) => saveProfile(tx, grant.person.id, change),
});

export const updateUserInterests = mutation({
  permission: can.selfOrOrgAdmin("userId"),
  summary: "updateUserInterests",
  description:
    "Makes these keys the user's interests, 50 at most: keys of the catalogue, and those the user has named themselves. " +
    "Any other fails with VALIDATION_ERROR and changes nothing.",
  args: { interests: v.array(v.string()), userId: v.id("users") },
  returns: v.null(),
  handler: async ({ tx, grant }, { interests }) => {
    await updateInterests(tx, grant.person.id, interests);
    return null;
  },
});

export const deactivateUser = mutation({
  permission: can.selfOrOrgAdmin("userId"),
  summary: "deactivateUser",
  description:
    "Deactivates a user: their tokens and links are refused from now on, their media ends, and invites they made let " +
    "nobody in. Meetings of which they were the last active host are cancelled, and ended if they run. A user who is " +
    "deactivated already fails with VALIDATION_ERROR.",
  args: { userId: v.id("users") },
  returns: v.null(),
  handler: async ({ tx, grant }) => {
    await deactivate(tx, grant.person, grant.user?.id);
    return null;
  },
});

export const updateLastSeen = mutation({
  permission: can.user,
  callsPerMinute: 60,
  summary: "updateLastSeen",
  description: "Notes that the caller is there now. Sixty calls a minute, more are refused.",
  args: {},
  returns: v.null(),
  handler: async ({ tx, grant }) => {
    await markSeen(tx, grant.user.id);
    return null;
  },
});

export const saveOnboarding = mutation({
  permission: can.user,
  callsPerMinute: 30,
  summary: "saveOnboarding",
  description:
    "Stores the caller's profile and interests and completes the onboarding. Age 13 to 120, bio 10 to 1,000 characters, 50 " +
    "interests. An interest that is not in the catalogue has to be personal and has a name of 2 characters or more, of " +
    "which 48 are kept; five of them at most, which nobody else is shown. Anything else fails with VALIDATION_ERROR and " +
    "`field`. A repeat with the same `idempotencyKey` and arguments within 24 hours is answered alike and changes " +
    "nothing; with other arguments it fails with CONFLICT. Without a key it replaces what was saved before.",
  args: {
    age: v.number(),
    bio: v.string(),
    company: v.string(),
    field: v.string(),
    gender,
    idempotencyKey: v.optional(v.string()),
    interests: v.array(
      v.object({
        category: interestCategory,
        iconName: v.optional(v.string()),
        id: v.string(),
        name: v.string(),
      }),
    ),
    jobTitle: v.string(),
    linkedinUrl: v.optional(v.string()),
  },
  returns: v.object({
    interestsCount: v.number(),
    onboardingCompleted: v.boolean(),
    profileId: v.id("profiles"),
    userId: v.id("users"),
  }),
  handler: ({ tx, grant }, args) => save(tx, grant.user, args),
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
