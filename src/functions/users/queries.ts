import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { query } from "../../runtime/builders.ts";
import { activeInOrg } from "../../users/activeInOrg.ts";
import { onboardingState } from "../../users/onboarding/onboardingState.ts";
import { listedUser, userCard, userRow } from "../../users/validators.ts";
import { cardFor, ownView, viewFor } from "../../users/view.ts";

export const getCurrentUser = query({
  permission: can.anyone,
  summary: "getCurrentUser",
  description: "The caller's own user, or null when nobody is signed in.",
  args: {},
  returns: v.union(userRow, v.null()),
  handler: ({ tx, grant }) => (grant.user ? ownView(tx, grant.user.id) : null),
});

export const getUserById = query({
  permission: can.user,
  summary: "getUserById",
  description:
    "A user, in full for themselves and administrators of their organisation. For others of the same organisation " +
    "`email` and `workosUserId` are empty, and when the user was last seen and their onboarding are left out. Null for " +
    "everybody else's users, as for those that do not exist.",
  args: { userId: v.id("users") },
  returns: v.union(userRow, v.null()),
  handler: ({ tx, grant }, { userId }) => viewFor(tx, grant.user, userId),
});

export const getUserProfile = query({
  permission: can.user,
  summary: "getUserProfile",
  description:
    "A user's card: name and picture, and for those of the same organisation the user's organisation and role. Null when " +
    "there is no such user.",
  args: { userId: v.id("users") },
  returns: v.union(userCard, v.null()),
  handler: ({ tx, grant }, { userId }) => cardFor(tx, grant.user, userId),
});

export const getOnboardingState = query({
  permission: can.user,
  summary: "getOnboardingState",
  description:
    "Whether the caller has completed the onboarding and when for the first time, and whether they have a profile.",
  args: {},
  returns: v.object({
    completedAt: v.optional(v.number()),
    onboardingComplete: v.boolean(),
    profileExists: v.boolean(),
    profileId: v.optional(v.id("profiles")),
    userId: v.id("users"),
  }),
  handler: ({ tx, grant }) => onboardingState(tx, grant.user.id),
});

export const listActiveUsersInOrg = query({
  permission: can.user,
  summary: "listActiveUsersInOrg",
  description:
    "The active users of the caller's organisation, newest first, in pages of `numItems` (1 to 200); an empty page " +
    "without an organisation. `cursor` is null for the first page, then the `continueCursor` of the page before. A " +
    "cursor of another list fails with VALIDATION_ERROR and the reason InvalidCursor. Extensions, as Convex's clients " +
    "send them: `endCursor`, where the page ended before, makes it keep that end; `id` is ignored.",
  args: {
    paginationOpts: v.object({
      cursor: v.union(v.string(), v.null()),
      endCursor: v.optional(v.union(v.string(), v.null())),
      id: v.optional(v.number()),
      numItems: v.number(),
    }),
  },
  returns: v.object({
    continueCursor: v.union(v.string(), v.null()),
    isDone: v.boolean(),
    page: v.array(listedUser),
  }),
  handler: ({ tx, grant }, { paginationOpts }) => activeInOrg(tx, grant.user, paginationOpts),
});
