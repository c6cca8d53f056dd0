import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { query } from "../../runtime/builders.ts";
import { ownProfileView, publicProfileView } from "../../users/profiles/views.ts";
import { ownProfile, publicProfile } from "../../users/validators.ts";

export const getCurrentUserProfile = query({
  permission: can.anyone,
  summary: "getCurrentUserProfile",
  description:
    "The caller's own profile with age, gender and LinkedIn address; null when nobody is signed in or there is none.",
  args: {},
  returns: v.union(ownProfile, v.null()),
  handler: ({ tx, grant }) => (grant.user ? ownProfileView(tx, grant.user.id) : null),
});

export const getProfileByUserIdPublic = query({
  permission: can.user,
  summary: "getProfileByUserIdPublic",
  description:
    "A user's profile without age, gender and LinkedIn address. Null when there is none, and when its owner has turned " +
    "`profileVisibility` off, unless the caller is that owner or an administrator of their organisation.",
  args: { userId: v.id("users") },
  returns: v.union(publicProfile, v.null()),
  handler: ({ tx, grant }, { userId }) => publicProfileView(tx, grant.user, userId),
});
