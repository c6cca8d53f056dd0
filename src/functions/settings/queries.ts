import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { query } from "../../runtime/builders.ts";
import { settingsView } from "../../users/settings.ts";
import { settings } from "../../users/validators.ts";

export const getCurrentUserSettings = query({
  permission: can.user,
  summary: "getCurrentUserSettings",
  description:
    "The caller's settings, or null until they have stored some; then e-mail and push notifications, visibility of the " +
    "profile and tracking of activity are on, text messages and sharing of data off.",
  tags: ["Users"],
  args: {},
  returns: v.union(settings, v.null()),
  handler: ({ tx, grant }) => settingsView(tx, grant.user.id),
});
