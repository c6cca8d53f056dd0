import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { mutation } from "../../runtime/builders.ts";
import { saveProfile } from "../../users/profiles/store.ts";
import { profileDetails } from "../../users/validators.ts";

const limits =
  "Name, field, job title and company have 200 characters at most, bio, goals and experience 1,000; 20 languages; age 13 " +
  "to 120; `linkedinUrl` begins with http(s)://. Anything else fails with VALIDATION_ERROR and `field`.";

export const createProfile = mutation({
  permission: can.user,
  summary: "createProfile",
  description:
    "Makes the caller's profile, or changes the one there is, and returns its id. What is left out stays as it is, an " +
    `empty text takes away what was said. ${limits}`,
  args: { ...profileDetails, displayName: v.string() },
  returns: v.id("profiles"),
  handler: ({ tx, grant }, args) => saveProfile(tx, grant.user.id, args),
});

export const updateProfile = mutation({
  permission: can.user,
  summary: "updateProfile",
  description:
    "Changes the caller's profile and returns its id; the first time `displayName` is needed. What is left out stays as " +
    `it is, an empty text takes away what was said. ${limits}`,
  args: { ...profileDetails, displayName: v.optional(v.string()) },
  returns: v.id("profiles"),
  handler: ({ tx, grant }, args) => saveProfile(tx, grant.user.id, args),
});
