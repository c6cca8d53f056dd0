import { v } from "convex/values";
import { can } from "../../auth/can.ts";
import { mutation } from "../../runtime/builders.ts";
import { saveSettings } from "../../users/settings.ts";
import { settingsChange } from "../../users/validators.ts";

export const updateSettings = mutation({
  permission: can.user,
  summary: "updateSettings",
  description:
    "Stores what is given of the caller's settings and returns their id; what is left out stays as it is. With " +
    "`profileVisibility` off, only the caller and administrators of their organisation are shown the profile.",
  tags: ["Users"],
  args: settingsChange,
  returns: v.id("userSettings"),
  handler: ({ tx, grant }, args) => saveSettings(tx, grant.user.id, args),
});
